import { expect, test } from 'vitest';
import { entriesOf, physicalPortEntries, primaryNetworkEntries } from '../fxp/entries.ts';
import type { P4Info__Output } from '../generated/p4/config/v1/P4Info.ts';
import type { TableEntry__Output } from '../generated/p4/v1/TableEntry.ts';
import type { Pair, Placement } from '../interfaces/placement.ts';
import { Program } from '../p4rt/program.ts';
import { linuxNetworking } from './linux-networking.ts';
import { wiresOf } from './wires.ts';

const program = new Program(linuxNetworking as P4Info__Output, 'linux_networking_control.');
const pair = (vsi: number, representorVsi: number): Pair => ({ mac: '', vsi, representor: '', representorVsi });

test('ports, functions and the physical port are joined with their representors, the ACC’s own network with none', () => {
  const placements = new Map<string, Placement>([
    ['p', { kind: 'host', port: pair(64, 7), vlans: [], isTrunk: false }],
    ['f', { kind: 'chain', functions: [{ input: pair(12, 10), output: pair(13, 11) }] }],
  ]);
  const entries = [
    ...physicalPortEntries({ port: 0, representorVsi: 5 }),
    ...primaryNetworkEntries({ primary: { vsi: 2, mac: '00:02:00:00:03:14' }, secondaryVsi: 5 }),
    ...entriesOf(placements).keys(),
  ];
  const wires = wiresOf(entries.map((entry) => program.encode(entry).message as TableEntry__Output));
  expect(wires).toEqual([
    ['5', 'port0'],
    ['7', '64'],
    ['10', '12'],
    ['11', '13'],
  ]);
});
