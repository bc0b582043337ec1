import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ServiceFunctionChain } from '../../api/kinds/service-function-chain.ts';
import { type DpuNode, type Eligibility, eligibility } from './nodes.ts';
import { type PlacementInput, place } from './placement.ts';
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

type Input = Partial<Pick<PlacementInput, 'chain' | 'current' | 'nodeOf'>> & { nodes?: readonly DpuNode[] };

function placed({ nodes: among = nodes, ...input }: Input, load: Record<string, number> = {}) {
  const byName = new Map(among.map((node) => [node.name, node]));
  return place({
    chain: chainOf(['firewall']),
    nodeNames: [...byName.keys()].sort(),
    dpuNodeOf: (name) => byName.get(name),
    current: undefined,
    nodeOf: () => undefined,
    chainsOn: (name) => load[name] ?? 0,
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
  const lacking = dpuNode('dpu-1', { node: labelled({ dpu: 'true', zone: 'a' }) });
  expect(placed({ chain, nodes: [lacking, dpuNode('dpu-2', { daemon: 'silent' })] })).toMatchObject({
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

const oneNode = fc.record({
  load: fc.nat(3),
  daemon: fc.constantFrom('renewed', 'renewed', 'seen', 'silent', 'absent'),
  node: fc.constantFrom(labelled({ dpu: 'true' }), labelled({ dpu: 'true', zone: 'a' }), labelled({}), undefined),
});

/** By a look at every node. */
function chosenOfAll(chain: ServiceFunctionChain, among: readonly DpuNode[], load: Record<string, number>) {
  const open = among
    .map(({ name, ...rest }) => ({
      name,
      load: load[name] ?? 0,
      verdict: eligibility({ name, ...rest }, chain, undefined),
    }))
    .filter(({ verdict }) => verdict.is === 'eligible' || verdict.is === 'unproven');
  const [best] = open.sort((a, b) => a.load - b.load || (a.name < b.name ? -1 : 1));
  return best && { node: best.name, is: best.verdict.is };
}

function chosen(chain: ServiceFunctionChain, among: readonly DpuNode[], load: Record<string, number>) {
  const placement = placed({ chain, nodes: among }, load);
  if (placement.is === 'nowhere') return undefined;
  if (placement.is === 'on') return { node: placement.node, is: 'eligible' satisfies Eligibility['is'] };
  const [node] = placement.message.match(/n-\d+/) ?? [];
  return { node, is: 'unproven' satisfies Eligibility['is'] };
}

test('goes where a look at every node would send it', () => {
  const property = fc.property(fc.array(oneNode, { maxLength: 12 }), fc.boolean(), (fleet, isZoned) => {
    const among = fleet.map(({ daemon, node }, index) => dpuNode(`n-${index}`, { daemon, node }));
    const load = Object.fromEntries(fleet.map((one, index) => [`n-${index}`, one.load]));
    const chain = isZoned ? selecting({ zone: 'a' }) : chainOf(['firewall']);
    expect(chosen(chain, among, load)).toEqual(chosenOfAll(chain, among, load));
  });
  fc.assert(property, { seed: 20_261_128, numRuns: 1_000 });
});

test('of a fleet without chains one node is looked at, and of one with some those that have fewer', () => {
  const looks = (load: Record<string, number>) => {
    const [counted, looked]: [string[], string[]] = [[], []];
    place({
      chain: chainOf(['firewall']),
      nodeNames: ['n-1', 'n-2', 'n-3', 'n-4'],
      dpuNodeOf: (name) => {
        looked.push(name);
        return dpuNode(name);
      },
      current: undefined,
      nodeOf: () => undefined,
      chainsOn: (name) => {
        counted.push(name);
        return load[name] ?? 0;
      },
    });
    return { counted: counted.length, looked };
  };
  expect(looks({})).toEqual({ counted: 1, looked: ['n-1'] });
  expect(looks({ 'n-1': 2, 'n-2': 2, 'n-3': 1, 'n-4': 1 })).toEqual({ counted: 4, looked: ['n-1', 'n-3'] });
});
