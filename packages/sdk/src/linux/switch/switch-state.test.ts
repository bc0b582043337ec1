import { expect, it } from 'vitest';
import type { Change } from '../../contract/data-path.ts';
import type { PortRecord } from './port-record.ts';
import { type BridgeContent, contentOf, emptyBridge, joined, recordsOf, untold } from './switch-state.ts';

const portName = (index: number) => `dp${index}`;
const indexOf = (device: string) => (device.startsWith('dp') ? Number(device.slice(2)) : undefined);
const content: BridgeContent = {
  hostPorts: new Map([
    ['bridgePorts/host0-0', { device: 'sdp2', mac: '02:00:00:00:00:01', type: 'ACCESS', vlans: [5] }],
    ['bridgePorts/host0-1', { device: 'sdp3', mac: '02:00:00:00:00:02', type: 'TRUNK', vlans: [5, 6] }],
    [
      'bridgePorts/host0-2',
      { device: 'vf0-2', dpdkDevargs: '0002:0f:00.3', mac: '02:00:00:00:00:03', type: 'ACCESS', vlans: [] },
    ],
  ]),
  functions: new Map([
    [
      'serviceChains/edge',
      {
        functions: [
          { input: 'm0', output: 'm1' },
          { input: 'm2', output: 'm3' },
        ],
        devices: [
          { input: 0, output: 1 },
          { input: 2, output: 3 },
        ],
      },
    ],
    ['serviceChains/blue', { functions: [{ input: 'm4', output: 'm5' }], devices: [{ input: 4, output: 5 }], vlan: 5 }],
  ]),
};

it('finds again what the records of its ports say', () => {
  expect(contentOf(recordsOf(content, portName), indexOf)).toEqual(content);
  expect(contentOf(new Map([['up', { kind: 'uplink', gro: true } as PortRecord]]), indexOf)).toEqual(emptyBridge);
});

it.each(['dp0', 'dp3'])('does not take a chain without its port %s for one', (missing) => {
  const records = recordsOf(content, portName);
  records.delete(missing);
  expect([...contentOf(records, indexOf).functions.keys()]).toEqual(['serviceChains/blue']);
});

it('keeps what was not told of, until all was', () => {
  const change = { kind: 'bridgePort', name: 'bridgePorts/host0-0', before: undefined, after: undefined } as Change;
  const rest = untold(content, [change], false);
  expect([...rest.hostPorts.keys(), ...rest.functions.keys()]).toEqual([
    'bridgePorts/host0-1',
    'bridgePorts/host0-2',
    'serviceChains/edge',
    'serviceChains/blue',
  ]);
  expect(untold(content, [], true)).toEqual(emptyBridge);
});

it('what is wanted goes before what was there', () => {
  const port = { device: 'sdp2', mac: '02:00:00:00:00:09', type: 'ACCESS' as const, vlans: [] };
  const functions = new Map([
    ['serviceChains/other', { functions: [{ input: 'm9', output: 'm1' }], devices: [{ input: 9, output: 1 }] }],
  ]);
  const next = joined({ hostPorts: new Map([['bridgePorts/host1-0', port]]), functions }, content);
  expect([...next.hostPorts.keys()]).toEqual(['bridgePorts/host0-1', 'bridgePorts/host0-2', 'bridgePorts/host1-0']);
  expect([...next.functions.keys()]).toEqual(['serviceChains/blue', 'serviceChains/other']);
});
