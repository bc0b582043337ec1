/** The golden entries: what the card is told for each operation, field by field, by the ids of a real build. */
import { expect, test } from 'vitest';
import type { P4Info__Output } from '../generated/p4/config/v1/P4Info.ts';
import type { ChainPlacement, HostPlacement, Pair, Placement } from '../interfaces/placement.ts';
import { type Entry, Program } from '../p4rt/program.ts';
import { linuxNetworking } from '../testing/linux-networking.ts';
import { entriesOf, lagBypass, physicalPortEntries, primaryNetworkEntries } from './entries.ts';

const program = new Program(linuxNetworking as P4Info__Output, 'linux_networking_control.');

/** `table[priority]: field=value[&mask], … -> action(parameter=value, …)`, all by id, values in hex. */
function wire(entries: Iterable<Entry>): string[] {
  return [...entries].map((entry) => {
    const { message } = program.encode(entry);
    const hex = (bytes: unknown) => Buffer.from(bytes as Buffer).toString('hex');
    const match = (message.match ?? []).map(({ fieldId, exact, ternary }) =>
      exact ? `${fieldId}=${hex(exact.value)}` : `${fieldId}=${hex(ternary?.value)}&${hex(ternary?.mask)}`,
    );
    const { actionId, params = [] } = message.action?.action ?? {};
    const told = params.map(({ paramId, value }) => `${paramId}=${hex(value)}`);
    return `${message.tableId}[${message.priority}]: ${match.join(', ')} -> ${actionId}(${told.join(', ')})`;
  });
}

const pair = (vsi: number, representorVsi: number): Pair => ({
  mac: `02:00:00:00:00:${vsi.toString(16)}`,
  vsi,
  representor: `rep${representorVsi}`,
  representorVsi,
});
const host = (vsi: number, representorVsi: number, vlans: number[] = []): HostPlacement => ({
  kind: 'host',
  port: pair(vsi, representorVsi),
  vlans,
  isTrunk: false,
});
const chain = (...vsis: [number, number, number, number][]): ChainPlacement => ({
  kind: 'chain',
  functions: vsis.map(([a, b, c, d]) => ({ input: pair(a, b), output: pair(c, d) })),
});

test('a physical port with its representor', () => {
  expect(wire(physicalPortEntries({ port: 1, representorVsi: 0x0b }))).toEqual([
    '40351839[0]: 1=01, 2=00 -> 32890467(1=01)',
    '35934350[0]: 1=01, 2=00 -> 26092385(1=1b)',
    '42508227[0]: 1=0b, 2=00 -> 31624713(1=01)',
  ]);
});

test('a host VF with its representor', () => {
  expect(wire(entriesOf(new Map([['p', host(0x1b, 0x0c)]])).keys())).toEqual([
    '39041593[1]: 1=1b&07ff -> 32890467(1=2b)',
    '42508227[0]: 1=0c, 2=00 -> 31624713(1=2b)',
    '45509113[0]: 1=0c, 2=1b -> 26092385(1=2b)',
    '45509113[0]: 1=1b, 2=0c -> 26092385(1=1c)',
    '35934350[0]: 1=2b, 2=00 -> 26092385(1=1c)',
  ]);
});

test('a network function: input and output each with its representor', () => {
  const one = (n: string, nPort: string, r: string, rPort: string) => [
    `39041593[1]: 1=${n}&07ff -> 32890467(1=${nPort})`,
    `42508227[0]: 1=${n}, 2=00 -> 31624713(1=${rPort})`,
    `42508227[0]: 1=${r}, 2=00 -> 31624713(1=${nPort})`,
    `45509113[0]: 1=${r}, 2=${n} -> 26092385(1=${nPort})`,
    `45509113[0]: 1=${n}, 2=${r} -> 26092385(1=${rPort})`,
    `35934350[0]: 1=${nPort}, 2=00 -> 26092385(1=${rPort})`,
  ];
  expect(wire(entriesOf(new Map([['f', chain([0x11, 0x09, 0x12, 0x0a])]])).keys())).toEqual([
    ...one('11', '21', '09', '19'),
    ...one('12', '22', '0a', '1a'),
  ]);
});

test('the LAG is passed by', () => {
  expect(wire(lagBypass())).toEqual([
    '41667918[2048]: 1=04&ffff -> 17061464(1=00)',
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((hash) => `40757978[1]: 1=00&ff, 2=0${hash}&07 -> 24954025()`),
  ]);
});

test('the primary network of the ACC', () => {
  const primary = { vsi: 0x07, mac: '00:1a:00:01:03:18' };
  expect(wire(primaryNetworkEntries({ primary, secondaryVsi: 0x0a }))).toEqual([
    '40941464[0]: 1=03 -> 19137704(3=00, 4=07, 5=00, 10=07, 18=01, 19=01)',
    '38721082[0]: 1=00, 2=00 -> 18260000(1=1a, 2=03)',
    '42508227[0]: 1=07, 2=00 -> 31624713(1=00)',
    '33606489[1]: 1=00&ffff, 2=00&0fff -> 31939992(1=00)',
    '44842501[0]: 1=1a00010318, 2=00 -> 19169916(1=17)',
  ]);
});

const loops = (entries: ReadonlyMap<Entry, string[]>) =>
  [...entries].flatMap(([{ table, match, params }, owners]) => {
    if (table !== 'vsi_to_vsi_loopback' || owners.length < 2) return [];
    return [`${owners.join('+')}: ${match['vmeta.common.vsi']}>${match.target_vsi} ${JSON.stringify(params)}`];
  });

test('two host VFs may talk, and each with a function’s input and output', () => {
  const placements = new Map<string, Placement>([
    ['a', host(1, 101)],
    ['b', host(2, 102)],
    ['f', chain([3, 103, 4, 104])],
  ]);
  expect(loops(entriesOf(placements))).toEqual([
    'a+b: 1>2 [18]',
    'a+b: 2>1 [17]',
    'a+f: 1>3 [19]',
    'a+f: 3>1 [17]',
    'a+f: 1>4 [20]',
    'a+f: 4>1 [17]',
    'b+f: 2>3 [19]',
    'b+f: 3>2 [18]',
    'b+f: 2>4 [20]',
    'b+f: 4>2 [18]',
  ]);
});

test('host VFs on different bridges may not talk, nor with functions of another bridge', () => {
  const placements = new Map<string, Placement>([
    ['a', host(1, 101, [10])],
    ['b', host(2, 102, [20])],
    ['c', host(3, 103, [10, 20])],
    ['d', host(4, 104)],
    ['f', chain([5, 105, 6, 106])],
    ['g', { ...chain([7, 107, 8, 108]), vlan: 20 }],
  ]);
  const owners = new Set(loops(entriesOf(placements)).map((text) => text.split(':')[0]));
  expect([...owners]).toEqual(['a+c', 'b+c', 'b+g', 'c+g', 'd+f']);
});

test('entries of one object are its own and those that it shares, and no key twice', () => {
  const placements = new Map(
    Array.from({ length: 6 }, (_, index) => [`p${index}`, host(index + 1, index + 101)] as const),
  );
  const keys = (entries: Iterable<Entry>) => [...entries].map((entry) => program.encode(entry).key);
  const all = keys(entriesOf(placements).keys());
  expect(new Set(all).size).toBe(all.length);
  expect(all).toHaveLength(6 * 5 + 6 * 5);
  const without = keys(entriesOf(new Map([...placements].filter(([name]) => name !== 'p3'))).keys());
  const own = keys(entriesOf(placements, ['p3']).keys());
  expect([...without, ...own].sort()).toEqual(all.sort());
});
