/**
 * The kubelet's device plugin API, v1beta1
 * (https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/).
 */
import { grpcService } from '@dpu-operator/sdk/wire';
import protobuf from 'protobufjs/light.js';
import { conversion, field, list, message, method, texts } from './descriptor.ts';

export const apiVersion = 'v1beta1';

export interface RegisterRequest {
  version: string;
  /** Name of the plugin's socket in the kubelet's directory. */
  endpoint: string;
  resource_name: string;
  options: DevicePluginOptions;
}

export interface DevicePluginOptions {
  pre_start_required: boolean;
  get_preferred_allocation_available: boolean;
}

export interface KubeletDevice {
  ID: string;
  health: 'Healthy' | 'Unhealthy';
  topology?: { nodes: { ID: number }[] };
}

export interface ListAndWatchResponse {
  devices: KubeletDevice[];
}

export interface PreferredAllocationRequest {
  container_requests: { available_deviceIDs: string[]; must_include_deviceIDs: string[]; allocation_size: number }[];
}

export interface PreferredAllocationResponse {
  container_responses: { deviceIDs: string[] }[];
}

export interface AllocateRequest {
  container_requests: { devices_ids: string[] }[];
}

/** A device node of the host, made in the container. */
export interface DeviceSpec {
  container_path: string;
  host_path: string;
  /** Of the container's device cgroup: r, w and m (mknod). */
  permissions: string;
}

/** A file or directory of the host, bound into the container. */
export interface Mount {
  container_path: string;
  host_path: string;
  read_only: boolean;
}

export interface ContainerAllocateResponse {
  envs: Record<string, string>;
  mounts: Mount[];
  devices: DeviceSpec[];
  /** Fully qualified names of the Container Device Interface; a kubelet before 1.28 knows no such field. */
  cdi_devices: { name: string }[];
}

export interface AllocateResponse {
  container_responses: ContainerAllocateResponse[];
}

const descriptor: protobuf.INamespace = {
  nested: {
    v1beta1: {
      nested: {
        Empty: message({}),
        DevicePluginOptions: message({
          pre_start_required: field(1, 'bool'),
          get_preferred_allocation_available: field(2, 'bool'),
        }),
        RegisterRequest: message({
          version: field(1, 'string'),
          endpoint: field(2, 'string'),
          resource_name: field(3, 'string'),
          options: field(4, 'DevicePluginOptions'),
        }),
        NUMANode: message({ ID: field(1, 'int64') }),
        TopologyInfo: message({ nodes: list(1, 'NUMANode') }),
        Device: message({ ID: field(1, 'string'), health: field(2, 'string'), topology: field(3, 'TopologyInfo') }),
        ListAndWatchResponse: message({ devices: list(1, 'Device') }),
        ContainerPreferredAllocationRequest: message({
          available_deviceIDs: list(1, 'string'),
          must_include_deviceIDs: list(2, 'string'),
          allocation_size: field(3, 'int32'),
        }),
        PreferredAllocationRequest: message({ container_requests: list(1, 'ContainerPreferredAllocationRequest') }),
        ContainerPreferredAllocationResponse: message({ deviceIDs: list(1, 'string') }),
        PreferredAllocationResponse: message({ container_responses: list(1, 'ContainerPreferredAllocationResponse') }),
        ContainerAllocateRequest: message({ devices_ids: list(1, 'string') }),
        AllocateRequest: message({ container_requests: list(1, 'ContainerAllocateRequest') }),
        DeviceSpec: message({
          container_path: field(1, 'string'),
          host_path: field(2, 'string'),
          permissions: field(3, 'string'),
        }),
        Mount: message({
          container_path: field(1, 'string'),
          host_path: field(2, 'string'),
          read_only: field(3, 'bool'),
        }),
        CDIDevice: message({ name: field(1, 'string') }),
        // Nothing here needs its annotations (4).
        ContainerAllocateResponse: message({
          envs: texts(1),
          mounts: list(2, 'Mount'),
          devices: list(3, 'DeviceSpec'),
          cdi_devices: list(5, 'CDIDevice'),
        }),
        AllocateResponse: message({ container_responses: list(1, 'ContainerAllocateResponse') }),
        PreStartContainerRequest: message({ devices_ids: list(1, 'string') }),
        PreStartContainerResponse: message({}),
        Registration: { methods: { Register: method('RegisterRequest', 'Empty') } },
        DevicePlugin: {
          methods: {
            GetDevicePluginOptions: method('Empty', 'DevicePluginOptions'),
            ListAndWatch: { ...method('Empty', 'ListAndWatchResponse'), responseStream: true },
            GetPreferredAllocation: method('PreferredAllocationRequest', 'PreferredAllocationResponse'),
            Allocate: method('AllocateRequest', 'AllocateResponse'),
            PreStartContainer: method('PreStartContainerRequest', 'PreStartContainerResponse'),
          },
        },
      },
    },
  },
};

const root = protobuf.Root.fromJSON(descriptor).resolveAll();

export const registrationService = grpcService(root, 'v1beta1.Registration', conversion);
export const devicePluginService = grpcService(root, 'v1beta1.DevicePlugin', conversion);
