/**
 * The kubelet's pod resources API, v1: who was given which device
 * (https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/#monitoring-device-plugin-resources).
 */
import { grpcService } from '@dpu-operator/sdk/wire';
import protobuf from 'protobufjs/light.js';
import { conversion, field, list, message, method } from './descriptor.ts';

export interface ListPodResourcesResponse {
  pod_resources: PodResourcesOfPod[];
}

export interface PodResourcesOfPod {
  name: string;
  namespace: string;
  containers: { devices: { resource_name: string; device_ids: string[] }[] }[];
}

// Only what is read here; fields with other numbers (CPUs, memory, topology, dynamic resources) are skipped.
const descriptor: protobuf.INamespace = {
  nested: {
    v1: {
      nested: {
        ListPodResourcesRequest: message({}),
        ListPodResourcesResponse: message({ pod_resources: list(1, 'PodResources') }),
        PodResources: message({
          name: field(1, 'string'),
          namespace: field(2, 'string'),
          containers: list(3, 'ContainerResources'),
        }),
        ContainerResources: message({ devices: list(2, 'ContainerDevices') }),
        ContainerDevices: message({ resource_name: field(1, 'string'), device_ids: list(2, 'string') }),
        PodResourcesLister: { methods: { List: method('ListPodResourcesRequest', 'ListPodResourcesResponse') } },
      },
    },
  },
};

const root = protobuf.Root.fromJSON(descriptor).resolveAll();

export const podResourcesService = grpcService(root, 'v1.PodResourcesLister', conversion);
