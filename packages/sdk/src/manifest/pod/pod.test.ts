import { expect, test } from 'vitest';
import type { PodManifest } from '../manifest.ts';
import { parsePluginManifest } from '../parse.ts';
import { amountOf } from './quantity.ts';
import { podOf } from './side-pod.ts';

const detect = { pci: { vendor: '177d', device: 'b900' } };
const products = [{ name: 'Card', host: { detect, identifier: 'card-{pciAddress}' } }];
const parse = (pod: unknown) => parsePluginManifest({ dpu: { contract: '^1.0.0', products, pod } });

const companion = { name: 'p4-sdk', image: 'acme/p4:1' };
const rule = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };

test.each<[string, object]>([
  ['capabilities[0]: must be written NET_ADMIN', { capabilities: ['CAP_NET_ADMIN'] }],
  ['capabilities[0]: must be written NET_RAW', { capabilities: ['net_raw'] }],
  ['capabilities[1]: is no capability', { capabilities: ['BPF', 'NET_ADMN'] }],
  ['capabilities[0]: must name each', { capabilities: ['ALL'] }],
  ['capabilities[1]: BPF is there already', { capabilities: ['BPF', 'BPF'] }],
  ['dpu.capabilities[0]: is no capability', { dpu: { capabilities: ['NET_ADMN'] } }],
  ['hostPaths[0].path: must be an absolute', { hostPaths: [{ path: 'dev' }] }],
  ['hostPaths[0].path: must not contain ..', { hostPaths: [{ path: '/dev/../etc' }] }],
  ['hostPaths[0].path: must not contain a colon', { hostPaths: [{ path: '/dev:/etc' }] }],
  ['hostPaths[0].path: must not be /, which', { hostPaths: [{ path: '/' }] }],
  ['hostPaths[0].at: must not be /', { hostPaths: [{ path: '/sys', at: '/' }] }],
  [
    'hostPaths[0].at: must not be /var/run/dpu-daemon',
    { hostPaths: [{ path: '/x', at: '/var/run/dpu-daemon/vendor-plugin/' }] },
  ],
  ['hostPaths[1].path: /dev is there already', { hostPaths: [{ path: '/dev' }, { path: '/dev' }] }],
  ['hostPaths[1].at: /dev is there already', { hostPaths: [{ path: '/dev' }, { path: '/sys', at: '/dev' }] }],
  ['hostPaths[0].propagation: Bidirectional is for', { hostPaths: [{ path: '/dev', propagation: 'Bidirectional' }] }],
  ['devices[0]: needs `privileged`', { devices: [{ path: '/dev/vfio/vfio' }] }],
  [
    'devices[0]: /dev/x is in hostPaths',
    { privileged: true, devices: [{ path: '/dev/x' }], hostPaths: [{ path: '/dev/x' }] },
  ],
  ['resources.requests.cpu: must be an amount of CPUs', { resources: { requests: { cpu: 'half' } } }],
  ['resources.limits.memory: must be an amount of bytes', { resources: { limits: { memory: '1MB' } } }],
  [
    'resources.requests.memory: must not be more than',
    { resources: { requests: { memory: '1Gi' }, limits: { memory: '1G' } } },
  ],
  ['resources.hugePages.1Gi: must be a number of pages', { resources: { hugePages: { '1Gi': '1536Mi' } } }],
  ['resources.hugePages.4Mi: there is no such field', { resources: { hugePages: { '4Mi': '4Mi' } } }],
  ['env["A-B"]: must be the name of an environment', { env: { 'A-B': '1' } }],
  ['env.DPU_SIDE: is set by the operator', { env: { DPU_SIDE: 'host' } }],
  ['gracePeriodSeconds', { gracePeriodSeconds: 0 }],
  ['gracePeriodSeconds', { gracePeriodSeconds: 3_600 }],
  ['secret.keys', { secret: { keys: [] } }],
  ['secret.keys[0]: must be a key', { secret: { keys: ['a/b'] } }],
  ['configMap.keys[0]: must not begin', { configMap: { keys: ['..data'] } }],
  ['companions[0].name: must be a DNS label', { companions: [{ ...companion, name: 'P4' }] }],
  ['companions[0].name: must not be vsp', { companions: [{ ...companion, name: 'vsp' }] }],
  ['companions[0].image: must be the name', { companions: [{ ...companion, image: 'A b' }] }],
  ['companions[1].name: p4-sdk is there already', { companions: [companion, companion] }],
  ['companions[0].devices[0]: needs `privileged`', { companions: [{ ...companion, devices: [{ path: '/dev/x' }] }] }],
  ['companions[0].hostNetwork: there is no such field', { companions: [{ ...companion, hostNetwork: true }] }],
  ['rbac[0].verbs[0]: must be named', { rbac: [{ ...rule, verbs: ['*'] }] }],
  ['rbac[0].verbs[0]: gives rights', { rbac: [{ ...rule, verbs: ['escalate'] }] }],
  ['rbac[0].resources[0]: is in no namespace', { rbac: [{ ...rule, resources: ['nodes'] }] }],
  ['rbac[0].apiGroups[0]: gives rights', { rbac: [{ ...rule, apiGroups: ['rbac.authorization.k8s.io'] }] }],
  ['both: there is no such field', { both: {} }],
])('refuses pod.%s', (message, pod) => {
  expect(() => parse(pod)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(`dpu.pod.${message}`) }),
  );
});

test('what is wrong on one side only is said, once, where it stands', () => {
  const hostPaths = [{ path: '/dev', propagation: 'Bidirectional' }];
  expect(() => parse({ hostPaths, host: { privileged: true } })).toThrow(
    /^dpu\.pod\.hostPaths\[0\]\.propagation: [^;]*$/,
  );
  expect(() => parse({ privileged: true, hostPaths, dpu: { privileged: false } })).toThrow(/^dpu\.pod\.hostPaths\[0\]/);
  expect(() => parse({ host: { hostPaths } })).toThrow(/^dpu\.pod\.host\.hostPaths\[0\]\.propagation: [^;]*$/);
  expect(() => parse({ hostPaths })).toThrow(/^dpu\.pod\.hostPaths\[0\]\.propagation: [^;]*$/);
});

test('a side has what is said for it, else what is said for both, else the defaults', () => {
  const asked: PodManifest = {
    capabilities: ['NET_ADMIN'],
    env: { A: '1' },
    dpu: { capabilities: ['NET_ADMIN', 'IPC_LOCK'], hostPID: true },
  };
  const manifest = parse(asked);
  expect(manifest.pod).toEqual(asked);
  expect(podOf(manifest, 'host')).toEqual({
    privileged: false,
    capabilities: ['NET_ADMIN'],
    seccomp: 'RuntimeDefault',
    hostPaths: [],
    devices: [],
    env: { A: '1' },
    hostNetwork: true,
    hostPID: false,
    companions: [],
    rbac: [],
    gracePeriodSeconds: 30,
  });
  expect(podOf(manifest, 'dpu')).toMatchObject({
    capabilities: ['NET_ADMIN', 'IPC_LOCK'],
    hostPID: true,
    env: { A: '1' },
  });
});

test('the whole of a manifest that uses everything is taken', () => {
  const pod: PodManifest = {
    privileged: true,
    hostPaths: [{ path: '/', at: '/host', propagation: 'Bidirectional' }],
    devices: [{ path: '/dev/vfio/vfio' }, { path: '/dev/nvme0n1', at: '/dev/disk', type: 'block' }],
    resources: { requests: { cpu: '500m' }, limits: { memory: '1Gi' }, hugePages: { '2Mi': '512Mi', '1Gi': '2Gi' } },
    secret: { keys: ['ssh-key'], description: 'of the IMC' },
    configMap: { keys: ['p4info.txt'], optional: true },
    companions: [
      { ...companion, args: ['--grpc'], capabilities: ['IPC_LOCK'], env: { LEVEL: 'debug' } },
      { name: 'agent' },
    ],
    rbac: [rule],
    gracePeriodSeconds: 180,
  };
  expect(parse(pod).pod).toEqual(pod);
});

test.each([
  ['500m', 0.5],
  ['2', 2],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['64M', 64e6],
  ['', undefined],
  ['-1', undefined],
  ['1mi', undefined],
])('the amount of %j is %s', (text, amount) => expect(amountOf(text)).toBe(amount));
