import { expect, it } from 'vitest';
import { PodDevices } from './devices.ts';

const checkpoint = JSON.stringify({
  Data: {
    PodDeviceEntries: [
      { PodUID: 'a', ContainerName: 'x', ResourceName: 'openshift.io/dpu', DeviceIDs: { '-1': ['vf0', 'vf3'] } },
      { PodUID: 'b', ContainerName: 'x', ResourceName: 'openshift.io/dpu', DeviceIDs: { 0: ['vf1'] } },
      { PodUID: 'a', ContainerName: 'y', ResourceName: 'openshift.io/dpu', DeviceIDs: { 0: ['vf4'], 1: ['vf5'] } },
      { PodUID: 'a', ContainerName: 'y', ResourceName: 'openshift.io/other', DeviceIDs: { 0: ['o1'] } },
    ],
  },
  Checksum: 1,
});

it('hands out the devices of its pod and resource, each once', () => {
  const devices = new PodDevices(checkpoint, 'a');
  const taken = Array.from({ length: 5 }, () => devices.take('openshift.io/dpu'));
  expect(taken).toEqual(['vf0', 'vf3', 'vf4', 'vf5', undefined]);
  expect(devices.take('openshift.io/other')).toBe('o1');
});

it('has nothing for a pod without devices, or a kubelet without entries', () => {
  expect(new PodDevices(checkpoint, 'c').take('openshift.io/dpu')).toBeUndefined();
  expect(new PodDevices('{"Data":{"PodDeviceEntries":null}}', 'a').take('openshift.io/dpu')).toBeUndefined();
});
