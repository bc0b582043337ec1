import type { Link } from '@dpu-operator/sdk/linux';
import { expect, test } from 'vitest';
import type { Pair, Placement } from '../interfaces/placement.ts';
import { type BridgedPort, layOut } from './layout.ts';
import { bridgeOf, planLinuxBridges, takenPorts } from './linux-plan.ts';

const pair = (representor: string): Pair => ({ mac: '', vsi: 0, representor, representorVsi: 0 });
const host = (representor: string, vlans: number[] = []): Placement => ({
  kind: 'host',
  port: pair(representor),
  vlans,
  isTrunk: false,
});
const chain = (...names: string[]): Placement => ({
  kind: 'chain',
  functions: names.map((name) => ({ input: pair(`${name}in`), output: pair(`${name}out`) })),
});

const segments = (placements: Record<string, Placement>, closed = false) =>
  layOut(new Map(Object.entries(placements)), 'up', closed).map(({ device, segment }) => `${device}:${segment}`);

test('nothing is bridged while nothing is placed', () => {
  expect(segments({})).toEqual([]);
});

test('hosts reach the uplink, or the functions that are before it', () => {
  expect(segments({ a: host('a') })).toEqual(['a:hosts', 'up:hosts']);
  expect(segments({ a: host('a'), f: chain('f', 'g') })).toEqual([
    'a:hosts',
    'fin:hosts',
    'fout:hop-fout',
    'gin:hop-fout',
    'gout:outside',
    'up:outside',
  ]);
  expect(segments({ a: host('a') }, true)).toEqual(['a:hosts', 'up:outside']);
});

test('a chain for one VLAN, placed when there was an Open vSwitch, stands in nobody’s way', () => {
  expect(segments({ a: host('a'), f: { ...chain('f'), vlan: 20 } as Placement })).toEqual(['a:hosts', 'up:hosts']);
});

test('names of bridges fit into the kernel and are apart', () => {
  const port = (segment: BridgedPort['segment'], vlans: number[] = []) =>
    bridgeOf({ device: 'd', segment, vlans, isTrunk: false });
  const names = [
    port('hosts'),
    port('hosts', [4094]),
    port('outside'),
    port('hop-enp0s1f0d10'),
    port('hop-enp0s1f0d12'),
  ];
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name.length).toBeLessThanOrEqual(15);
});

const link = (name: string, more: Partial<Link> = {}): Link => ({
  name,
  index: 1,
  mac: '',
  mtu: 1500,
  up: true,
  running: true,
  addresses: [],
  ...more,
});
const plain = (device: string): BridgedPort => ({ device, segment: 'hosts', vlans: [], isTrunk: false });
const ours = new Set(['d6', 'd7', 'up']);

test('bridges are made, and ports join them', () => {
  const links = [link('d6', { up: false }), link('up')];
  expect(planLinuxBridges([plain('d6'), plain('d7'), plain('up')], links, ours)).toEqual([
    'link add br-ipu type bridge',
    'link set br-ipu up',
    'link set d6 master br-ipu',
    'link set d6 up',
    'link set up master br-ipu',
  ]);
});

test('what is as it shall be is left alone, and what is others’ too', () => {
  const links = [
    link('br-ipu', { kind: 'bridge' }),
    link('br-ipux', { kind: 'bridge' }),
    link('br0', { kind: 'bridge' }),
    link('d6', { masterName: 'br-ipu' }),
    // Ours by the settings, and yet on a bridge of somebody else.
    link('d7', { masterName: 'br0' }),
    link('d8', { masterName: 'br-ipu' }),
  ];
  expect(planLinuxBridges([plain('d6')], links, ours)).toEqual([]);
});

test('what is no longer wanted goes', () => {
  const links = [link('br-ipu', { kind: 'bridge' }), link('d6', { masterName: 'br-ipu' })];
  expect(planLinuxBridges([], links, ours)).toEqual(['link set d6 nomaster', 'link del br-ipu']);
});

test('a port of somebody else’s bridge is not taken from there', () => {
  const links = [
    link('br-ipu', { kind: 'bridge' }),
    link('d6', { masterName: 'br0' }),
    link('d7', { masterName: 'br-ipu-9' }),
  ];
  const ports = [plain('d6'), plain('d7'), plain('d8')];
  expect([...takenPorts(ports, links)]).toEqual([['d6', 'br0']]);
  expect(planLinuxBridges(ports, links, ours)).toEqual(['link set d7 master br-ipu']);
});
