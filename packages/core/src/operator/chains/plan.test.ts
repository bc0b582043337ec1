import { expect, test } from 'vitest';
import type { Pod } from '../../kube/index.ts';
import { networkFunctionPod } from './network-function-pod.ts';
import { type ChainPlanInput, planPods } from './plan.ts';
import { chainOf, running } from './testing.ts';

const single = chainOf(['firewall']);
const two = chainOf(['firewall', 'nat']);
const names = (pods: readonly { metadata: { name: string } }[]) => pods.map(({ metadata }) => metadata.name);

function plan(input: Partial<ChainPlanInput>) {
  const { remove, create, serving, waitMs } = planPods({
    chain: single,
    pods: [],
    ageMs: ({ metadata }) => Date.now() - Date.parse(metadata.creationTimestamp ?? ''),
    node: 'dpu-1',
    orderPending: false,
    ...input,
  });
  return { remove: names(remove), create: names(create), serving: names(serving), waits: waitMs !== undefined };
}
const none = { remove: [], create: [], serving: [], waits: false };
const deleting = (pod: Pod): Pod => ({
  ...pod,
  metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
});
const ended = (creationTimestamp: string): Pod => {
  const pod = running(single, 'firewall', 'dpu-1', { status: { phase: 'Failed', reason: 'Evicted' } });
  return { ...pod, metadata: { ...pod.metadata, creationTimestamp } };
};

test('the pod of a network function', () => {
  const pod = networkFunctionPod(single, { name: 'fire.wall', image: 'fw:1' }, 'dpu-1');
  expect(pod.metadata).toMatchObject({
    name: 'fire.wall',
    namespace: 'shop',
    labels: { 'dpu.config.openshift.io/chain': 'edge', 'dpu.config.openshift.io/node': 'dpu-1' },
    annotations: { 'k8s.v1.cni.cncf.io/networks': 'dpunfcni-conf, dpunfcni-conf' },
    ownerReferences: [{ kind: 'ServiceFunctionChain', name: 'edge', uid: 'u1', controller: true }],
  });
  const devices = { 'openshift.io/dpu': '2' };
  expect(pod.spec).toMatchObject({
    containers: [
      {
        name: 'fire-wall',
        image: 'fw:1',
        securityContext: { privileged: true },
        resources: { requests: devices, limits: devices },
      },
    ],
  });
  expect(JSON.stringify(pod.spec)).toContain('"key":"metadata.name","operator":"In","values":["dpu-1"]');
  const securityContext = { capabilities: { add: ['NET_ADMIN'] } };
  const less = networkFunctionPod(single, { name: 'nat', image: 'nat:1', securityContext }, 'dpu-1');
  expect(less.spec).toMatchObject({ containers: [{ securityContext }] });
  expect(JSON.stringify(less)).not.toContain('privileged');
});

test('makes what is missing, in order', () => {
  expect(plan({ chain: two })).toEqual({ ...none, create: ['firewall', 'nat'] });
  const pods = [running(two, 'firewall')];
  expect(plan({ chain: two, pods })).toEqual({ ...none, create: ['nat'], serving: ['firewall'] });
  expect(plan({ chain: two, pods: [...pods, running(two, 'nat')] })).toEqual({ ...none, serving: ['firewall', 'nat'] });
});

test('replaces a pod of another image or on another node, once its name is free', () => {
  for (const old of [running(chainOf(['firewall']), 'firewall', 'dpu-2'), otherImage()]) {
    expect(plan({ pods: [old] })).toEqual({ ...none, remove: ['firewall'] });
    expect(plan({ pods: [deleting(old)] })).toEqual(none);
  }
});

function otherImage(): Pod {
  const old = chainOf([]);
  old.spec.networkFunctions = [{ name: 'firewall', image: 'firewall:0' }];
  return running(old, 'firewall');
}

test('removes functions that the chain has no more, after its node has heard of it', () => {
  const pods = [running(two, 'firewall'), running(two, 'nat')];
  expect(plan({ pods, orderPending: true })).toEqual({ ...none, serving: ['firewall'] });
  expect(plan({ pods })).toEqual({ ...none, remove: ['nat'], serving: ['firewall'] });
});

test('replaces a pod that has ended, but not at once one that ended at once', () => {
  expect(plan({ pods: [ended('2026-01-01T00:00:00Z')] })).toEqual({ ...none, remove: ['firewall'] });
  expect(plan({ pods: [ended(new Date().toISOString())] })).toEqual({ ...none, waits: true });
});

test('without a node it has no pods', () => {
  const pods = [running(single, 'firewall')];
  expect(plan({ pods, node: undefined, orderPending: true })).toEqual({ ...none, remove: ['firewall'] });
});
