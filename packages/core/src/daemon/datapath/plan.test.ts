import type { BridgePort, NetworkFunction } from '@dpu-operator/sdk';
import { describe, expect, test } from 'vitest';
import { gone, type Presence, there, unknown } from '../presence.ts';
import { type Item, keyOf } from './items.ts';
import { plan, type TargetState, type Wish } from './plan.ts';

const nf = (index: number, bridgeId?: string): NetworkFunction => ({
  input: `02:00:00:00:0${index}:01`,
  output: `02:00:00:00:0${index}:02`,
  ...(bridgeId && { bridgeId }),
});
const bridgePort = (id: string, more: Partial<BridgePort> = {}): Item => ({
  kind: 'bridgePort',
  port: { name: id, macAddress: '02:00:00:00:00:01', type: 'ACCESS', logicalBridges: ['3'], ...more },
});
const networkFunction = (index: number, bridgeId?: string): Item => ({
  kind: 'networkFunction',
  networkFunction: nf(index, bridgeId),
});
const chain = (id: string, ...indexes: number[]): Item => ({
  kind: 'chain',
  id,
  networkFunctions: indexes.map((index) => nf(index)),
});
const hold = (item: Item): Wish => ({ order: 'hold', item });
const drop = (item: Item): Wish => ({ order: 'drop', item });

function planned(wishes: Wish[], state: Partial<TargetState> = {}): string[] {
  const { runnable } = plan(wishes, {
    actual: () => gone,
    inFlight: new Set(),
    failed: new Set(),
    backingOff: new Set(),
    starting: false,
    ...state,
  });
  return runnable.map(({ call, item }) => `${call} ${keyOf(item)}`);
}
const of = (presence: Presence<Item>) => ({ actual: () => presence });

describe('what is asked of one item', () => {
  const wanted = [bridgePort('host0-1'), networkFunction(1), chain('edge', 1, 2)];
  const other = [
    bridgePort('host0-1', { macAddress: '02:00:00:00:00:ff' }),
    networkFunction(1, 'abcdef01'),
    chain('edge', 2, 1),
  ];
  test.each(wanted.map((item, index) => [keyOf(item), item, other[index] ?? item] as const))(
    '%s is created, kept, replaced and deleted as wished',
    (key, item, old) => {
      expect(planned([hold(item)], of(gone))).toEqual([`create ${key}`]);
      expect(planned([hold(item)], of(unknown('no answer')))).toEqual([`create ${key}`]);
      expect(planned([hold(item)], of(there(item)))).toEqual([]);
      expect(planned([hold(item)], of(there(old)))).toEqual([`replace ${key}`]);
      for (const actual of [gone, unknown('no answer'), there(item)]) {
        expect(planned([drop(item)], of(actual))).toEqual([`delete ${key}`]);
      }
    },
  );

  test.each([{ type: 'TRUNK' as const }, { logicalBridges: ['4'] }, { logicalBridges: [] }])(
    'a bridge port with %j is another',
    (more) => {
      expect(planned([hold(bridgePort('host0-1'))], of(there(bridgePort('host0-1', more))))).toHaveLength(1);
    },
  );
});

test('what nobody wishes for is left alone, whatever the target has', () => {
  expect(planned([], of(there(bridgePort('host0-1'))))).toEqual([]);
});

test('chains close before their functions go, and what these free is taken after them', () => {
  const wishes = [hold(chain('new', 1, 2)), drop(networkFunction(1)), drop(chain('old', 1)), hold(networkFunction(3))];
  const has = of(unknown(''));
  const keys = wishes.map(({ item }) => keyOf(item));
  expect(planned(wishes, has)).toEqual(['delete chain/old', `create ${keys[3]}`]);
  expect(planned(wishes, { ...has, inFlight: new Set(['chain/old']) })).toEqual([`create ${keys[3]}`]);
  expect(planned(wishes.toSpliced(2, 1), has)).toEqual([`delete ${keys[1]}`, `create ${keys[3]}`]);
  const later = [hold(chain('new', 1, 2))];
  expect(planned(later, has)).toEqual(['create chain/new']);
});

test('a deletion that failed holds up no other', () => {
  const wishes = [drop(chain('old', 1)), hold(chain('new', 1)), hold(bridgePort('host0-1'))];
  const failed = new Set(['chain/old']);
  const state = { ...of(unknown('')), failed, backingOff: failed, starting: true };
  expect(planned(wishes, state)).toEqual(['create chain/new']);
  const both = new Set(['chain/old', 'chain/new']);
  expect(planned(wishes, { ...state, failed: both, backingOff: both })).toEqual(['create bridgePort/host0-1']);
});

test.each<[string, Wish]>([
  ['made', hold(networkFunction(1))],
  ['deleted', drop(networkFunction(1))],
  ['chained', hold(chain('edge', 1))],
  ['closed', drop(chain('edge', 1))],
])('ports of hosts wait while a new target has functions to be %s, and only then', (_what, wish) => {
  const wishes = [hold(bridgePort('host0-1')), drop(bridgePort('host0-2')), wish];
  const has = of(unknown(''));
  const ports = ['create bridgePort/host0-1', 'delete bridgePort/host0-2'];
  const isPort = (action: string) => action.includes('bridgePort');
  expect(planned(wishes, { ...has, starting: true }).filter(isPort)).toEqual([]);
  const inFlight = new Set([keyOf(wish.item)]);
  expect(planned(wishes, { ...has, starting: true, inFlight })).toEqual([]);
  expect(planned(wishes, { ...has, starting: true, failed: inFlight }).filter(isPort)).toEqual(ports);
  expect(planned(wishes, { ...has, starting: false }).filter(isPort)).toEqual(ports);
});

test('one call at a time for one item, and none before its time', () => {
  const wishes = [hold(bridgePort('host0-1')), hold(bridgePort('host0-2')), hold(bridgePort('host0-3'))];
  const failed = new Set(['bridgePort/host0-2', 'bridgePort/host0-3']);
  const backingOff = new Set(['bridgePort/host0-2']);
  expect(planned(wishes, { inFlight: new Set(['bridgePort/host0-1']), failed, backingOff })).toEqual([
    'create bridgePort/host0-3',
  ]);
});
