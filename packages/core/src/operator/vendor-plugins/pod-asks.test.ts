import { type PluginManifest, type PodManifest, parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { expect, test } from 'vitest';
import { asksOf, growthOver } from './pod-asks.ts';

const side = { detect: { dmiProductContains: 'Acme' }, identifier: 'acme' };

function manifest(pod: PodManifest, products: object[] = [{ name: 'Acme', host: side, dpu: side }]): PluginManifest {
  return parsePluginManifest({ dpu: { contract: '^1.0.0', products, pod } });
}

const growth = (before: PodManifest, after: PodManifest) => growthOver([manifest(before)], manifest(after));

const sys = { path: '/sys', readOnly: true };
const pages = (amount: string) => ({ resources: { hugePages: { '2Mi': amount } } });
const rbac = (verbs: string[], resourceNames?: string[]) => [
  { apiGroups: ['', 'apps'], resources: ['pods'], verbs, ...(resourceNames && { resourceNames }) },
];
const companion = { name: 'p4', image: 'acme:5000/p4:1' };

test.each<[string, PodManifest, PodManifest, string[]]>([
  ['a capability', { capabilities: ['BPF'] }, { capabilities: ['BPF', 'SYS_ADMIN'] }, ['capability SYS_ADMIN']],
  ['all of them', { capabilities: ['BPF'] }, { privileged: true }, ['privileged']],
  ['system calls', {}, { seccomp: 'Unconfined' }, ['unfiltered system calls']],
  ['a path', { hostPaths: [sys] }, { hostPaths: [sys, { path: '/dev' }] }, ['path /dev']],
  ['a path to write to', { hostPaths: [sys] }, { hostPaths: [{ path: '/sys' }] }, ['path /sys']],
  [
    'mounts',
    { privileged: true, hostPaths: [{ path: '/x' }] },
    { privileged: true, hostPaths: [{ path: '/x', propagation: 'Bidirectional' }] },
    ['mounts below /x that the node sees'],
  ],
  ['a network', { hostNetwork: false }, {}, ["the node's network"]],
  ['processes', {}, { hostPID: true }, ["the node's processes"]],
  ['huge pages', pages('512Mi'), pages('1Gi'), ['1Gi of huge pages of 2Mi']],
  ['CPU', {}, { resources: { requests: { cpu: '2' } } }, ['2 of CPU']],
  ['a Secret', { secret: { keys: ['a'] } }, { secret: { keys: ['a', 'b'] } }, ['key b of a Secret']],
  ['a ConfigMap', {}, { configMap: { keys: ['a'] } }, ['key a of a ConfigMap']],
  ['rights', { rbac: rbac(['get']) }, { rbac: rbac(['get', 'list']) }, ['API: list pods', 'API: list pods.apps']],
  ['rights on all', { rbac: rbac(['get'], ['a']) }, { rbac: rbac(['get']) }, ['API: get pods', 'API: get pods.apps']],
  [
    'a companion without an image',
    {},
    { companions: [{ name: 'p4', capabilities: ['BPF'] }] },
    ['companion p4: capability BPF'],
  ],
  [
    "that companion's image",
    { companions: [{ name: 'p4' }] },
    { companions: [companion] },
    ['companion p4: image acme:5000/p4:1'],
  ],
  ['a companion', {}, { companions: [companion] }, ['companion p4: image acme:5000/p4:1']],
  [
    "a companion's rights",
    { companions: [companion] },
    { companions: [{ ...companion, image: 'acme:5000/p4:2', capabilities: ['BPF'] }] },
    ['companion p4: capability BPF'],
  ],
  [
    "another companion's image",
    { companions: [companion] },
    { companions: [{ ...companion, image: 'evil/p4:1' }] },
    ['companion p4: image evil/p4:1'],
  ],
  ['something on one side', {}, { dpu: { hostPID: true } }, ["the node's processes on the DPU side"]],
])('%s is more', (_what, before, after, more) => {
  expect(growth(before, after)).toEqual(more);
  // And the other way round less.
  expect(growth(after, after)).toEqual([]);
});

test.each<[string, PodManifest, PodManifest]>([
  ['fewer', { capabilities: ['BPF'], hostPID: true }, { hostNetwork: false }],
  ['reads what it wrote', { hostPaths: [{ path: '/sys' }] }, { hostPaths: [sys] }],
  ['capabilities in place of all', { privileged: true }, { capabilities: ['SYS_ADMIN'], seccomp: 'Unconfined' }],
  ['objects of all', { rbac: rbac(['get']) }, { rbac: rbac(['get'], ['a']) }],
  ['the same amount in other words', pages('1Gi'), pages('1024Mi')],
  [
    "a companion's next image",
    { companions: [companion] },
    { companions: [{ ...companion, image: 'acme:5000/p4:2' }] },
  ],
  ['environment and patience', {}, { env: { A: '1' }, gracePeriodSeconds: 60 }],
])('%s is not more', (_what, before, after) => expect(growth(before, after)).toEqual([]));

test('of several versions one that asks for all of it is enough, and the nearest is compared with', () => {
  const [none, bpf, all] = [{}, { capabilities: ['BPF'] }, { privileged: true }].map((pod) => manifest(pod));
  if (!none || !bpf || !all) throw new Error('there are three');
  expect(growthOver([none, all], bpf)).toEqual([]);
  expect(growthOver([bpf, none], manifest({ capabilities: ['BPF', 'SYSLOG'] }))).toEqual(['capability SYSLOG']);
  expect(growthOver([], bpf)).toEqual(['capability BPF', "the node's network"]);
});

test('what is asked is told by the sides that there are', () => {
  const pod = { capabilities: ['BPF'], dpu: { hostNetwork: false } };
  expect(asksOf(manifest(pod))).toEqual({
    host: ['capability BPF', "the node's network"],
    dpu: ['capability BPF'],
  });
  expect(asksOf(manifest(pod, [{ name: 'Acme', dpu: side }]))).toEqual({ dpu: ['capability BPF'] });
});
