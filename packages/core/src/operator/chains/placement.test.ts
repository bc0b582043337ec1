import { expect, test } from 'vitest';
import type { ServiceFunctionChain } from '../../api/service-function-chain.ts';
import { dpuNodes } from './nodes.ts';
import { place } from './placement.ts';
import { chainOf, dpuNode, dpuSide } from './testing.ts';

const selecting = (nodeSelector: Record<string, string>): ServiceFunctionChain => {
  const chain = chainOf(['firewall']);
  return { ...chain, spec: { ...chain.spec, nodeSelector } };
};
const labelled = (labels: Record<string, string>, uid = 'uid-of-dpu-1') => ({ uid, labels });
const at = (node: string, nodeUid = `uid-of-${node}`) => ({ node, nodeUid });
const [one, two, three] = ['dpu-1', 'dpu-2', 'dpu-3'].map((name) => dpuNode(name));
const nodes = [three, two, one].flatMap((node) => node ?? []);
const silent = dpuNode('dpu-1', { daemon: 'silent' });
const deleting = (hosts?: string[]) =>
  dpuNode('dpu-1', {
    dpus: [
      dpuSide('a-dpu', 'dpu-1', {
        metadata: { name: 'a-dpu', deletionTimestamp: '2026-01-01T00:00:00Z' },
        ...(hosts && { status: { hosts } }),
      }),
    ],
  });

type Input = Partial<Omit<Parameters<typeof place>[0], 'nodes' | 'here'>> & { nodes?: ReturnType<typeof dpuNodes> };

function placed({ nodes: among = nodes, ...input }: Input, load: Record<string, number> = {}) {
  const chainsOn = (node: string) => load[node] ?? 0;
  const nodeOf = () => undefined;
  const here = among.find(({ name }) => name === input.current?.node);
  return place({
    chain: chainOf(['firewall']),
    nodes: () => among,
    here,
    current: undefined,
    nodeOf,
    chainsOn,
    ...input,
  });
}

test('goes to the node with the fewest chains, then by name', () => {
  expect(placed({})).toEqual({ is: 'on', node: 'dpu-1' });
  expect(placed({}, { 'dpu-1': 1, 'dpu-2': 1 })).toEqual({ is: 'on', node: 'dpu-3' });
});

test('stays where it is, however many chains that node has', () => {
  expect(placed({ current: at('dpu-2') }, { 'dpu-2': 9 })).toEqual({ is: 'on', node: 'dpu-2' });
});

test('says from the first round why no node can run it, and what to do', () => {
  expect(placed({ nodes: [] })).toMatchObject({ is: 'nowhere', message: expect.stringContaining('dpu=true') });
  const chain = selecting({ zone: 'a', tier: 'edge' });
  expect(
    placed({ chain, nodes: [dpuNode('dpu-1', { node: labelled({ dpu: 'true', zone: 'a' }) }), silent] }),
  ).toMatchObject({
    is: 'nowhere',
    message: expect.stringMatching(
      /dpu-1: it lacks the labels tier=edge of spec.nodeSelector.*kubectl label node <node> zone=a tier=edge/,
    ),
  });
});

test('moves when the node may not run it any more', () => {
  const chain = selecting({ zone: 'a' });
  const other = dpuNode('dpu-2', { node: labelled({ dpu: 'true', zone: 'a' }) });
  expect(placed({ chain, nodes: [dpuNode('dpu-1'), other], current: at('dpu-1') })).toEqual({
    is: 'on',
    node: 'dpu-2',
  });
  // Its DataProcessingUnits have gone with it.
  expect(placed({ current: at('lost') })).toEqual({ is: 'on', node: 'dpu-1' });
  expect(placed({ nodes: [deleting([]), other], current: at('dpu-1') })).toEqual({ is: 'on', node: 'dpu-2' });
});

test('is held where the node is silent or unknown, and begins on no such node', () => {
  const held = { is: 'held', node: 'dpu-1' };
  const other = dpuNode('dpu-2');
  expect(placed({ nodes: [silent, other], current: at('dpu-1') })).toMatchObject({ ...held, reason: 'NodeSilent' });
  const unlabelled = dpuNode('dpu-1', { node: labelled({}) });
  for (const unknown of [dpuNode('dpu-1', { node: undefined }), unlabelled]) {
    expect(placed({ nodes: [unknown, other], current: at('dpu-1') })).toMatchObject({ ...held, reason: 'NodeUnknown' });
    expect(placed({ nodes: [unknown, other] })).toEqual({ is: 'on', node: 'dpu-2' });
  }
  expect(placed({ nodes: [silent, other] })).toEqual({ is: 'on', node: 'dpu-2' });
});

test('is held where its DPU side is not to be seen, until the node has gone or the daemon has taken its label off', () => {
  const onNode = (nodeLabels?: Record<string, string>) =>
    placed({ current: at('unseen'), nodeOf: () => nodeLabels && labelled(nodeLabels) });
  expect(onNode({ dpu: 'true', 'dpu.config.openshift.io/dpuside': 'dpu' })).toMatchObject({
    is: 'held',
    node: 'unseen',
    reason: 'NodeUnknown',
  });
  expect(onNode({ dpu: 'true' })).toEqual({ is: 'on', node: 'dpu-1' });
  expect(onNode({ 'dpu.config.openshift.io/dpuside': 'dpu-host' })).toEqual({ is: 'on', node: 'dpu-1' });
  expect(onNode(undefined)).toEqual({ is: 'on', node: 'dpu-1' });
});

test('labels that the present Node object never had are no order, those taken off it are', () => {
  const chain = selecting({ zone: 'a', tier: 'edge' });
  const other = dpuNode('dpu-2', { node: labelled({ dpu: 'true', zone: 'a', tier: 'edge' }, 'uid-of-dpu-2') });
  const anew = dpuNode('dpu-1', { node: labelled({ dpu: 'true', zone: 'a' }, 'another') });
  for (const current of [at('dpu-1'), { node: 'dpu-1', nodeUid: undefined }]) {
    expect(placed({ chain, nodes: [anew, other], current })).toMatchObject({
      is: 'held',
      reason: 'NodeUnknown',
      message: expect.stringContaining('kubectl label node dpu-1 tier=edge'),
    });
  }
  expect(placed({ chain, nodes: [anew, other], current: at('dpu-1', 'another') })).toEqual({ is: 'on', node: 'dpu-2' });
  expect(placed({ chain, nodes: [anew, other] })).toEqual({ is: 'on', node: 'dpu-2' });
});

test('a node whose daemon has yet to renew its Lease keeps its chains, and new ones wait for it in their turn', () => {
  const seen = dpuNode('dpu-1', { daemon: 'seen' });
  const other = dpuNode('dpu-2');
  expect(placed({ nodes: [seen, other], current: at('dpu-1') })).toEqual({ is: 'on', node: 'dpu-1' });
  expect(placed({ nodes: [seen, other] })).toMatchObject({
    is: 'awaited',
    message: expect.stringMatching(/dpu-1.*renew/),
  });
  expect(placed({ nodes: [seen, other] }, { 'dpu-1': 1 })).toEqual({ is: 'on', node: 'dpu-2' });
  expect(placed({ nodes: [silent, other] })).toEqual({ is: 'on', node: 'dpu-2' });
});

test("the daemon's own label counts while it is missing", () => {
  const chain = selecting({ 'dpu.config.openshift.io/dpuside': 'dpu' });
  expect(placed({ chain, current: at('dpu-1') })).toEqual({ is: 'on', node: 'dpu-1' });
});

test('a DPU side that is being deleted keeps its chains while hosts use it, or may, and gets no new ones', () => {
  for (const node of [deleting(), deleting(['host-1/a'])]) {
    expect(placed({ nodes: [node], current: at('dpu-1') })).toEqual({ is: 'on', node: 'dpu-1' });
    expect(placed({ nodes: [node] })).toMatchObject({ message: expect.stringContaining('a-dpu is being deleted') });
  }
  expect(placed({ nodes: [deleting([])], current: at('dpu-1') })).toMatchObject({ is: 'nowhere' });
});

test('a node whose label was taken off keeps chains until its DPU goes, and gets no new ones', () => {
  const leaving = dpuNode('dpu-1', { node: labelled({ 'dpu.config.openshift.io/dpuside': 'dpu' }) });
  expect(placed({ nodes: [leaving], current: at('dpu-1') })).toEqual({ is: 'on', node: 'dpu-1' });
  expect(placed({ nodes: [leaving] })).toMatchObject({ is: 'nowhere' });
});

test('several DPU sides of a node make one place for chains', () => {
  const dpus = [dpuSide('a', 'dpu-1'), dpuSide('b', 'dpu-1')];
  const found = dpuNodes(dpus, { nodeOf: () => labelled({ zone: 'a' }), daemonOf: () => 'seen' });
  expect(found).toEqual([{ name: 'dpu-1', node: labelled({ zone: 'a' }), daemon: 'seen', dpus }]);
});
