// Original file: proto/opi_api/network/opinetcommon/v1alpha1/networktypes.proto

export const IpAf = {
  IP_AF_UNSPECIFIED: 'IP_AF_UNSPECIFIED',
  IP_AF_INET: 'IP_AF_INET',
  IP_AF_INET6: 'IP_AF_INET6',
} as const;

export type IpAf =
  | 'IP_AF_UNSPECIFIED'
  | 0
  | 'IP_AF_INET'
  | 1
  | 'IP_AF_INET6'
  | 2

export type IpAf__Output = typeof IpAf[keyof typeof IpAf]
