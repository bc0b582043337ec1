import { expect, test } from 'vitest';
import type { ServiceFunctionChain } from '../../api/index.ts';
import type { Pod } from '../../kube/index.ts';
import { type ChainInput, planChain, selectsNode } from './chain-plan.ts';
import { networkFunctionPod } from './network-function-pod.ts';

const chain = (spec: Partial<ServiceFunctionChain['spec']> = {}, namespace = 'shop'): ServiceFunctionChain => ({
  apiVersion: 'config.openshift.io/v1',
  kind: 'ServiceFunctionChain',
  metadata: { name: 'edge', namespace, uid: 'u1', generation: 2 },
  spec: { networkFunctions: [{ name: 'firewall', image: 'fw:1' }], ...spec },
});
const two = chain({
  networkFunctions: [
    { name: 'firewall', image: 'fw:1' },
    { name: 'nat', image: 'nat:1' },
  ],
});
const here = { name: 'dpu-1', hostname: 'dpu-1.example' };
const there = { name: 'dpu-2', hostname: 'dpu-2.example' };

/** The pod as it runs. */
function running(of: ServiceFunctionChain, name: string, node = here, more: Partial<Pod['metadata']> = {}): Pod {
  const nf = of.spec.networkFunctions.find((f) => f.name === name) ?? { name, image: 'gone' };
  const { metadata } = networkFunctionPod(of, nf, node);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...(metadata as Pod['metadata']), uid: `pod-${name}`, ...more },
    spec: { containers: [] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  };
}
const plan = (input: Partial<ChainInput>) => {
  const { remove, create, ready } = planChain({ chain: chain(), pods: [], node: here, eligible: 'yes', ...input });
  return {
    remove: remove.map((pod) => pod.metadata.name),
    create: create.map((pod) => pod.metadata.name),
    reason: ready?.reason,
    message: ready?.message,
  };
};

test('the pod of a network function', () => {
  const pod = networkFunctionPod(chain(), { name: 'firewall', image: 'fw:1' }, here);
  expect(pod.metadata).toMatchObject({
    name: 'firewall',
    namespace: 'shop',
    labels: { 'dpu.config.openshift.io/chain': 'edge' },
    annotations: {
      'k8s.v1.cni.cncf.io/networks': 'openshift-dpu-operator/dpunfcni-conf, openshift-dpu-operator/dpunfcni-conf',
    },
    ownerReferences: [{ kind: 'ServiceFunctionChain', name: 'edge', uid: 'u1', controller: true }],
  });
  expect(pod.spec).toMatchObject({
    nodeSelector: { 'kubernetes.io/hostname': 'dpu-1.example' },
    containers: [
      {
        name: 'firewall',
        image: 'fw:1',
        resources: { requests: { 'openshift.io/dpu': '2' }, limits: { 'openshift.io/dpu': '2' } },
      },
    ],
  });
  const inside = networkFunctionPod(chain({}, 'openshift-dpu-operator'), { name: 'firewall', image: 'fw:1' }, here);
  expect(inside.metadata.annotations).toMatchObject({ 'k8s.v1.cni.cncf.io/networks': 'dpunfcni-conf, dpunfcni-conf' });
});

test('makes what is missing, in order', () => {
  expect(plan({ chain: two })).toMatchObject({ remove: [], create: ['firewall', 'nat'], reason: 'Pending' });
  expect(plan({ chain: two, pods: [running(two, 'firewall')] })).toMatchObject({ create: ['nat'], reason: 'Pending' });
});

test('is ready when all pods are', () => {
  const pods = [running(two, 'firewall'), running(two, 'nat')];
  expect(plan({ chain: two, pods })).toMatchObject({ remove: [], create: [], reason: 'Running' });
});

test('says why a pod waits', () => {
  const message = '0/3 nodes are available: 1 Insufficient openshift.io/dpu.';
  const pending = running(chain(), 'firewall');
  pending.status = { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', message }] };
  expect(plan({ pods: [pending] })).toMatchObject({ reason: 'Pending', message: `pod firewall: ${message}` });
  pending.status = {
    phase: 'Pending',
    conditions: [{ type: 'Ready', status: 'False' }],
    containerStatuses: [
      { name: 'firewall', ready: false, restartCount: 0, state: { waiting: { reason: 'ImagePullBackOff' } } },
    ],
  };
  expect(plan({ pods: [pending] })).toMatchObject({ reason: 'Starting', message: 'pod firewall: ImagePullBackOff' });
});

test('replaces a pod with another image, and waits until its name is free', () => {
  const old = running(chain(), 'firewall');
  const changed = chain({ networkFunctions: [{ name: 'firewall', image: 'fw:2' }] });
  expect(plan({ chain: changed, pods: [old] })).toMatchObject({ remove: ['firewall'], create: [], reason: 'Pending' });
  const leaving = running(chain(), 'firewall', here, { deletionTimestamp: '2026-01-01T00:00:00Z' });
  expect(plan({ chain: changed, pods: [leaving] })).toMatchObject({ remove: [], create: [], reason: 'Replacing' });
  expect(plan({ chain: changed })).toMatchObject({ create: ['firewall'] });
});

test('removes functions that the chain has no more, and pods that were evicted', () => {
  const pods = [running(two, 'firewall'), running(two, 'nat')];
  expect(plan({ pods })).toMatchObject({ remove: ['nat'], create: [], reason: 'Running' });
  const evicted = running(chain(), 'firewall');
  evicted.status = { phase: 'Failed' };
  expect(plan({ pods: [evicted] })).toMatchObject({ remove: ['firewall'] });
});

test('leaves a chain to the node that has it, and takes it over when that lets go', () => {
  const other = running(chain(), 'firewall', there);
  expect(plan({ pods: [other] })).toEqual({ remove: [], create: [], reason: undefined, message: undefined });
  const leaving = running(chain(), 'firewall', there, { deletionTimestamp: '2026-01-01T00:00:00Z' });
  expect(plan({ pods: [leaving] })).toMatchObject({ create: ['firewall'] });
});

test('lets go where it may not run, and touches no foreign pods', () => {
  expect(plan({ eligible: 'no', pods: [running(chain(), 'firewall')] })).toMatchObject({
    remove: ['firewall'],
    create: [],
    reason: 'NoNode',
  });
  expect(plan({ eligible: 'no' })).toMatchObject({ remove: [], create: [], reason: undefined });
  const foreign = running(chain(), 'other', here, { ownerReferences: [] });
  expect(plan({ pods: [foreign] })).toMatchObject({ remove: [], create: ['firewall'] });
});

test('leaves everything as it is while it is not known whether it may run here', () => {
  const asItIs = { remove: [], create: [], reason: undefined };
  expect(plan({ eligible: 'unknown', chain: two, pods: [running(two, 'firewall')] })).toMatchObject(asItIs);
  expect(plan({ eligible: 'unknown', chain: two })).toMatchObject(asItIs);
});

test('a node selector is matched against the node', () => {
  expect(selectsNode(chain(), {})).toBe('yes');
  expect(selectsNode(chain(), undefined)).toBe('unknown');
  expect(selectsNode(chain({ nodeSelector: { dpu: 'true' } }), { dpu: 'true', zone: 'a' })).toBe('yes');
  expect(selectsNode(chain({ nodeSelector: { dpu: 'true', zone: 'b' } }), { dpu: 'true', zone: 'a' })).toBe('no');
});

const bothRun = [running(two, 'firewall'), running(two, 'nat')];

test('says whether the functions are passed in order', () => {
  const of = (phase: 'ordered' | 'lowered') => plan({ chain: two, pods: bothRun, state: { phase, dpuName: 'a-dpu' } });
  expect(of('ordered')).toMatchObject({ reason: 'Running', message: 'firewall, nat on node dpu-1, in this order' });
  expect(of('lowered')).toMatchObject({ reason: 'Running', message: expect.stringContaining('each by itself') });
  const single = plan({ pods: [running(chain(), 'firewall')], state: { phase: 'lowered', dpuName: 'a-dpu' } });
  expect(single.message).toBe('firewall on node dpu-1');
});

test('says what the VSP has against a chain, also while its pods wait for it', () => {
  const waiting = running(two, 'nat');
  waiting.status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] };
  const state = { phase: 'refused' as const, dpuName: 'a-dpu', message: 'no room for more chains' };
  expect(plan({ chain: two, pods: [running(two, 'firewall'), waiting], state })).toMatchObject({
    reason: 'ChainRefused',
    message: 'the VSP of DPU a-dpu refused the chain: no room for more chains',
  });
});

test('says which functions the DPU does not have', () => {
  const state = { phase: 'incomplete' as const, dpuName: 'a-dpu', missing: ['nat'] };
  expect(plan({ chain: two, pods: bothRun, state })).toMatchObject({
    reason: 'Incomplete',
    message: expect.stringContaining('nat has no interfaces on DPU a-dpu'),
  });
});

test('says nothing new before the VSP was asked', () => {
  expect(plan({ chain: two, pods: bothRun, state: { phase: 'unknown' } }).reason).toBeUndefined();
  expect(plan({ chain: two, pods: [], state: { phase: 'unknown' } }).reason).toBe('Pending');
});
