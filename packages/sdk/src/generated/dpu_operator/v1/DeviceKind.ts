// Original file: proto/dpu_operator/v1/device.proto

export const DeviceKind = {
  DEVICE_KIND_UNSPECIFIED: 'DEVICE_KIND_UNSPECIFIED',
  DEVICE_KIND_NETDEV: 'DEVICE_KIND_NETDEV',
  DEVICE_KIND_VFIO: 'DEVICE_KIND_VFIO',
  DEVICE_KIND_RDMA: 'DEVICE_KIND_RDMA',
  DEVICE_KIND_AUXILIARY: 'DEVICE_KIND_AUXILIARY',
  DEVICE_KIND_VDPA: 'DEVICE_KIND_VDPA',
} as const;

export type DeviceKind =
  | 'DEVICE_KIND_UNSPECIFIED'
  | 0
  | 'DEVICE_KIND_NETDEV'
  | 1
  | 'DEVICE_KIND_VFIO'
  | 2
  | 'DEVICE_KIND_RDMA'
  | 3
  | 'DEVICE_KIND_AUXILIARY'
  | 4
  | 'DEVICE_KIND_VDPA'
  | 5

export type DeviceKind__Output = typeof DeviceKind[keyof typeof DeviceKind]
