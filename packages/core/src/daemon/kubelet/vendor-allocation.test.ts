import type { DeviceAllocation } from '@dpu-operator/sdk';
import { expect, test } from 'vitest';
import { withVendorAllocations } from './vendor-allocation.ts';

const own = {
  envs: { DPU_DEVICES: 'vf0' },
  mounts: [],
  devices: [{ container_path: '/dev/vfio/vfio', host_path: '/dev/vfio/vfio', permissions: 'rw' }],
  cdi_devices: [],
};
const merged = (...allocations: DeviceAllocation[]) =>
  withVendorAllocations(
    own,
    allocations.map((allocation, index) => ({ dpuName: `dpu-${index}`, allocation })),
  );

test('without plugins that have a say the answer is the own one', () => {
  expect(merged()).toEqual(own);
  expect(merged({}, {})).toEqual(own);
});

test('what plugins add comes to the own', () => {
  const first: DeviceAllocation = {
    env: { CARD: 'a' },
    mounts: [
      { hostPath: '/sys/class/net/p0', readOnly: true },
      { hostPath: '/dev/hugepages', containerPath: '/huge' },
    ],
    deviceNodes: [{ hostPath: '/dev/infiniband/uverbs0', permissions: 'r' }],
    cdiDevices: ['acme.example.com/vdpa=0000:01:00.2'],
  };
  const second: DeviceAllocation = {
    env: { CARD: 'a' },
    deviceNodes: [{ hostPath: '/dev/vfio/vfio' }, { hostPath: '/dev/infiniband/uverbs0', permissions: 'r' }],
    cdiDevices: ['acme.example.com/vdpa=0000:01:00.2'],
  };
  expect(merged(first, second)).toEqual({
    envs: { DPU_DEVICES: 'vf0', CARD: 'a' },
    mounts: [
      { container_path: '/sys/class/net/p0', host_path: '/sys/class/net/p0', read_only: true },
      { container_path: '/huge', host_path: '/dev/hugepages', read_only: false },
    ],
    devices: [
      own.devices[0],
      { container_path: '/dev/infiniband/uverbs0', host_path: '/dev/infiniband/uverbs0', permissions: 'r' },
    ],
    cdi_devices: [{ name: 'acme.example.com/vdpa=0000:01:00.2' }],
  });
});

const env = (name: string, value = 'x'): DeviceAllocation => ({ env: { [name]: value } });
const mount = (hostPath: string, more: object = {}): DeviceAllocation => ({ mounts: [{ hostPath, ...more }] });
const node = (hostPath: string, more: object = {}): DeviceAllocation => ({ deviceNodes: [{ hostPath, ...more }] });

test.each<[string, DeviceAllocation]>([
  ['the environment variable "A B", which is no name', env('A B')],
  ['the environment variable "DPU_DEVICES", which is set by the daemon', env('DPU_DEVICES')],
  ['the environment variable "PCIDEVICE_X", which is set by the daemon', env('PCIDEVICE_X')],
  ['the environment variable "LD_PRELOAD", which decides about what', env('LD_PRELOAD')],
  ['the environment variable "PATH", which decides about what', env('PATH')],
  ['the environment variable "KUBERNETES_SERVICE_HOST"', env('KUBERNETES_SERVICE_HOST')],
  ['the environment variable "A", which must have at most', env('A', 'x'.repeat(100_001))],
  ['the mount of "/etc/shadow", which is not below /dev or /sys', mount('/etc/shadow')],
  ['the mount of "/dev/../etc", which is not below /dev or /sys', mount('/dev/../etc')],
  ['the mount of "/dev/", which is not below', mount('/dev/')],
  ['the mount of "/dev", which is not below', mount('/dev')],
  ['the mount of "/devices/x", which is not below', mount('/devices/x')],
  ['the mount of "/dev/mem", which is the machine', mount('/dev/mem')],
  ['the mount of "/sys/bus", which must be read-only', mount('/sys/bus')],
  ['the mount of "/dev/huge", which is put at "a"', mount('/dev/huge', { containerPath: 'a' })],
  ['the mount of "/dev/huge", which is put at "/a/../b"', mount('/dev/huge', { containerPath: '/a/../b' })],
  [
    'the mount of "/dev/huge", which is put at /proc/1, which is the container\'s own',
    mount('/dev/huge', { containerPath: '/proc/1' }),
  ],
  [
    'the mount of "/dev/huge", which is put at /, which is the container\'s own',
    mount('/dev/huge', { containerPath: '/' }),
  ],
  ['the mount of "/dev/x", which another has the place of', mount('/dev/x', { containerPath: '/dev/vfio/vfio' })],
  ['the device node "/run/x", which is not below /dev', node('/run/x')],
  ['the device node "/dev/kmem", which is the machine', node('/dev/kmem')],
  ['the device node "/dev/kmsg", which is the machine', node('/dev/kmsg')],
  ['the mount of "/dev/stdin", which is a link to', mount('/dev/stdin', { containerPath: '/in' })],
  ['the mount of "/dev/huge", which is put at /etc/passwd', mount('/dev/huge', { containerPath: '/etc/passwd' })],
  ['the mount of "/dev/huge", which is put at /usr/lib', mount('/dev/huge', { containerPath: '/usr/lib' })],
  [
    'the mount of "/dev/huge", which is put at /var/run/secrets/a',
    mount('/dev/huge', { containerPath: '/var/run/secrets/a' }),
  ],
  ['the device node "/dev/x", which has the permissions "rwm"', node('/dev/x', { permissions: 'rwm' })],
  ['the device node "/dev/y", which another has the place of: {', node('/dev/y', { containerPath: '/dev/vfio/vfio' })],
  ['the CDI device "vdpa0", which is not written vendor.com/class=name', { cdiDevices: ['vdpa0'] }],
])('%s…', (message, allocation) => {
  expect(() => merged({}, allocation)).toThrow(
    expect.objectContaining({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining(`the plugin of dpu dpu-1 gives the container ${message}`),
    }),
  );
});

test('two plugins that say different things of one variable are told apart', () => {
  expect(() => merged(env('CARD', 'a'), env('CARD', 'b'))).toThrow(
    'dpu-1 gives the container the environment variable "CARD"',
  );
});
