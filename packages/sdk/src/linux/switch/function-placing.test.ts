import { expect, it } from 'vitest';
import type { NetworkFunction, Wanted } from '../../contract/data-path.ts';
import { type Placed, placeFunctions } from './function-placing.ts';

const nf = (input: number, output = input + 1): NetworkFunction => ({ input: `mac${input}`, output: `mac${output}` });
/** Each MAC on the device of its number. */
const found = new Map(Array.from({ length: 8 }, (_, index) => [`mac${index}`, index]));
const nothing = new Map<string, Placed>();

function wanted(singles: Record<string, NetworkFunction>, chains: Record<string, NetworkFunction[]> = {}): Wanted {
  const serviceChains = Object.entries(chains).map(([name, functions]) => {
    return [name, { name, networkFunctions: functions }] as const;
  });
  return {
    logicalBridges: new Map(),
    bridgePorts: new Map(),
    networkFunctions: new Map(Object.entries(singles)),
    serviceChains: new Map(serviceChains),
  };
}

const place = (state: Wanted, before = nothing, options: { found?: typeof found; ports?: Map<number, string> } = {}) =>
  placeFunctions({ wanted: state, before, found: options.found ?? found, ports: options.ports ?? new Map() });
const failure = (code: string, text: string) =>
  expect.objectContaining({ state: 'failed', code, message: expect.stringContaining(text) });

it('finds the devices of single functions and of chains', () => {
  const { placed, outcomes } = place(wanted({ single: nf(0) }, { chain: [nf(2), nf(4)] }));
  expect(outcomes.size).toBe(0);
  expect(placed.get('single')?.devices).toEqual([{ input: 0, output: 1 }]);
  expect(placed.get('chain')?.devices).toEqual([
    { input: 2, output: 3 },
    { input: 4, output: 5 },
  ]);
});

it('a function whose interface is missing fails, and no other', () => {
  const { placed, outcomes } = place(wanted({ single: nf(0), lost: nf(20) }));
  expect([...placed.keys()]).toEqual(['single']);
  expect([...outcomes]).toEqual([['lost', failure('NOT_FOUND', 'mac20')]]);
});

it('what stands stays while its interface cannot be seen', () => {
  const before = place(wanted({ single: nf(0) })).placed;
  const { placed, outcomes } = place(wanted({ single: nf(0) }), before, { found: new Map() });
  expect(placed).toEqual(before);
  expect(outcomes.size).toBe(0);
});

it('a chain that cannot be changed stays as it was', () => {
  const before = place(wanted({}, { chain: [nf(0)] })).placed;
  const { placed, outcomes } = place(wanted({}, { chain: [nf(0), nf(20)] }), before);
  expect(placed).toEqual(before);
  expect(outcomes.get('chain')).toEqual(failure('NOT_FOUND', 'mac20'));
});

it('a function passes from one chain to another in one call', () => {
  const before = place(wanted({}, { one: [nf(0), nf(2)] })).placed;
  const { placed, outcomes } = place(wanted({}, { one: [nf(0)], two: [nf(2)] }), before);
  expect(outcomes.size).toBe(0);
  expect([...placed.values()].map(({ devices }) => devices[0]?.input)).toEqual([0, 2]);
});

it('a device under another MAC belongs to the new function, but is not taken from a chain', () => {
  const before = place(wanted({ single: nf(0) }, { chain: [nf(2)] })).placed;
  const again = new Map([...found, ['mac10', 0], ['mac11', 1], ['mac12', 2], ['mac13', 3]]);
  const next = wanted({ single: nf(0), new: nf(10), other: nf(12) }, { chain: [nf(2)] });
  const { placed, outcomes } = place(next, before, { found: again });
  expect([...placed.keys()].sort()).toEqual(['chain', 'new']);
  expect([...outcomes]).toEqual([['other', failure('FAILED_PRECONDITION', 'chain')]]);
});

it('on one node, of a port and a function on the same VF the one that comes later fails', () => {
  const ports = new Map([[0, 'bridgePorts/host0-0']]);
  const state = wanted({ single: nf(0) });
  expect([...place(state, nothing, { ports }).outcomes]).toEqual([
    ['single', failure('FAILED_PRECONDITION', 'bridgePorts/host0-0')],
  ]);
  const { placed, outcomes } = place(state, place(state).placed, { ports });
  expect([...placed.keys()]).toEqual(['single']);
  expect([...outcomes]).toEqual([['bridgePorts/host0-0', failure('FAILED_PRECONDITION', 'single')]]);
});

it('refuses a device that is named twice, and a bridge', () => {
  const twins = new Map([...found, ['mac10', 1]]);
  const { outcomes } = place(wanted({ twice: nf(1, 10), bridged: { ...nf(2), bridgeId: '0a0b0c0d' } }), nothing, {
    found: twins,
  });
  expect(outcomes.get('twice')).toEqual(failure('INVALID_ARGUMENT', 'mac1 and mac10'));
  expect(outcomes.get('bridged')).toEqual(failure('INVALID_ARGUMENT', '0a0b0c0d'));
});
