import type { BridgePort, Change, NetworkFunction, Wanted } from '@dpu-operator/sdk';
import { networkFunctionName } from '@dpu-operator/sdk';
import { expect, test } from 'vitest';
import { type Available, type Placements, pairsOf, place } from './placement.ts';

const vsis = new Map(Array.from({ length: 20 }, (_, index) => [`02:00:00:00:00:${10 + index}`, 10 + index]));
const mac = (vsi: number) => `02:00:00:00:00:${vsi}`;
const available: Available = {
  hosts: [6, 7, 8].map((vsi) => ({ name: `d${vsi}`, vsi })),
  functions: [
    { input: { name: 'd9', vsi: 9 }, output: { name: 'd10', vsi: 40 } },
    { input: { name: 'd11', vsi: 41 }, output: { name: 'd12', vsi: 42 } },
  ],
};

const port = (index: number, vsi = 10 + index, logicalBridges: string[] = []): BridgePort => ({
  name: `bridgePorts/host0-${index}`,
  macAddress: mac(vsi),
  type: 'ACCESS',
  logicalBridges,
});
const nf = (input: number, output: number): NetworkFunction => ({ input: mac(input), output: mac(output) });

function wantedOf(ports: BridgePort[], functions: NetworkFunction[] = [], chains: NetworkFunction[][] = []): Wanted {
  return {
    logicalBridges: new Map([['logicalBridges/blue', { name: 'logicalBridges/blue', vlanId: 20 }]]),
    bridgePorts: new Map(ports.map((each) => [each.name, each])),
    networkFunctions: new Map(functions.map((each) => [networkFunctionName(each), each])),
    serviceChains: new Map(
      chains.map((networkFunctions, index) => {
        const name = `serviceChains/c${index}`;
        return [name, { name, networkFunctions }];
      }),
    ),
  };
}

const changedOf = (wanted: Wanted, names: string[]): Change[] =>
  names.map((name) => ({ kind: 'bridgePort', name, before: undefined, after: wanted.bridgePorts.get(name) }));

const run = (
  wanted: Wanted,
  before: Placements = new Map(),
  options: { changed?: string[]; complete?: boolean; perBridge?: boolean } = {},
) =>
  place({
    wanted,
    before,
    changed: changedOf(wanted, options.changed ?? [...wanted.bridgePorts.keys()]),
    complete: options.complete ?? false,
    available,
    perBridge: options.perBridge ?? true,
    vsiOf: (address) => vsis.get(address),
  });

const places = (placements: Placements) =>
  Object.fromEntries(
    [...placements].map(([name, placement]) => [
      name.replace(/.*\//, ''),
      pairsOf(placement).map(({ vsi, representor }) => `${vsi}@${representor}`),
    ]),
  );

test('each port has an interface of the ACC, and keeps it', () => {
  const first = run(wantedOf([port(0), port(1)])).placements;
  expect(places(first)).toEqual({ 'host0-0': ['10@d6'], 'host0-1': ['11@d7'] });
  const second = run(wantedOf([port(2), port(1)]), first, { complete: true }).placements;
  expect(places(second)).toEqual({ 'host0-1': ['11@d7'], 'host0-2': ['12@d6'] });
});

test('what was there before a restart stays until all that is wanted is known', () => {
  const before = run(wantedOf([port(0), port(1)])).placements;
  const wanted = wantedOf([port(2)]);
  expect(Object.keys(places(run(wanted, before).placements))).toEqual(['host0-0', 'host0-1', 'host0-2']);
  expect(Object.keys(places(run(wanted, before, { complete: true }).placements))).toEqual(['host0-2']);
  const deleted = run(wanted, before, { changed: ['bridgePorts/host0-0', 'bridgePorts/host0-2'] }).placements;
  expect(Object.keys(places(deleted))).toEqual(['host0-1', 'host0-2']);
});

test('logical bridges become VLANs', () => {
  const { placements } = run(wantedOf([port(0, 10, ['blue']), port(1, 11, ['2'])]));
  expect([...placements.values()]).toMatchObject([{ vlans: [20] }, { vlans: [] }]);
});

test('a port of a MAC that the card does not know waits; a function of one is not found', () => {
  const { placements, outcomes } = run(wantedOf([port(0, 99), port(1)], [nf(11, 98)]));
  expect(Object.keys(places(placements))).toEqual(['host0-1']);
  expect(outcomes.get('bridgePorts/host0-0')).toMatchObject({
    state: 'pending',
    reason: expect.stringContaining(mac(99)),
  });
  expect(outcomes.get(networkFunctionName(nf(11, 98)))).toMatchObject({ state: 'failed', code: 'NOT_FOUND' });
});

test('a port more than there are interfaces for fails, and the others stay', () => {
  const { placements, outcomes } = run(wantedOf([port(0), port(1), port(2), port(3)]));
  expect(placements.size).toBe(3);
  expect(outcomes.get('bridgePorts/host0-3')).toMatchObject({ state: 'failed', code: 'RESOURCE_EXHAUSTED' });
});

test('chains have a pair of interfaces a function, all or none', () => {
  const both = run(wantedOf([], [], [[nf(20, 21), nf(22, 23)]])).placements;
  expect(places(both)).toEqual({ c0: ['20@d9', '21@d10', '22@d11', '23@d12'] });
  const more = run(wantedOf([], [nf(24, 25)], [[nf(20, 21), nf(22, 23)]]), both);
  expect(places(more.placements)).toEqual(places(both));
  expect([...more.outcomes.values()]).toMatchObject([{ state: 'failed', code: 'RESOURCE_EXHAUSTED' }]);
});

test('functions of one bridge keep its VLAN; with Linux bridges they are refused with the setting that helps', () => {
  const ofBlue = (input: number, output: number) => ({ ...nf(input, output), bridgeId: 'blue' });
  const wanted = wantedOf([], [nf(24, 25)], [[ofBlue(20, 21)]]);
  const { placements } = run(wanted);
  expect([...placements.values()].map((one) => one.kind === 'chain' && one.vlan)).toEqual([undefined, 20]);
  const refused = run(wanted, placements, { perBridge: false, changed: ['serviceChains/c0'] });
  expect(refused.outcomes.get('serviceChains/c0')).toMatchObject({
    state: 'failed',
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('set bridge to ovs'),
  });
});

test('while the card cannot be asked, only what is asked for fails', () => {
  const before = run(wantedOf([port(0)])).placements;
  const wanted = wantedOf([port(0), port(1)]);
  const vsiOf = () => {
    throw new Error('IMC away');
  };
  const changed = changedOf(wanted, ['bridgePorts/host0-1']);
  const { placements, outcomes } = place({
    wanted,
    before,
    changed,
    complete: true,
    available,
    perBridge: true,
    vsiOf,
  });
  expect(places(placements)).toEqual(places(before));
  expect([...outcomes.keys()]).toEqual(['bridgePorts/host0-1']);
});
