/** Ports of DpuNetworks on a VSP in memory. */
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import { beforeEach, expect, test } from 'vitest';
import { PortBridges } from './port-bridges.ts';
import { MemoryVsp, port, silent } from './testing.ts';

const on = (index: number, bridge: string): BridgePort => ({ ...port(index), logicalBridges: [bridge] });

let vsp: MemoryVsp;
let bridges: PortBridges;

beforeEach(() => {
  vsp = new MemoryVsp();
  bridges = new PortBridges(vsp, silent);
});

test('a bridge is there while a port is on it', async () => {
  await bridges.createBridgePort(on(0, 'vlan-7'));
  await bridges.createBridgePort(on(1, 'vlan-7'));
  await bridges.createBridgePort(on(2, 'dpunet-0a1b2c3d-9'));
  expect([...vsp.bridges]).toEqual([
    ['vlan-7', 7],
    ['dpunet-0a1b2c3d-9', 9],
  ]);
  await bridges.deleteBridgePort('host0-0', { allowMissing: true });
  expect([...vsp.bridges.keys()]).toContain('vlan-7');
  await bridges.deleteBridgePort('host0-1', { allowMissing: true });
  expect([...vsp.bridges.keys()]).toEqual(['dpunet-0a1b2c3d-9']);
});

test('a port that the VSP refuses leaves no bridge, unless others are on it', async () => {
  await bridges.createBridgePort(on(0, 'vlan-7'));
  vsp.createBridgePort = () => Promise.reject(new DpuError('RESOURCE_EXHAUSTED', 'no more ports'));
  await expect(bridges.createBridgePort(on(1, 'vlan-7'))).rejects.toThrow('no more ports');
  await expect(bridges.createBridgePort(on(1, 'vlan-8'))).rejects.toThrow('no more ports');
  expect([...vsp.bridges.keys()]).toEqual(['vlan-7']);
});

test('a port whose answer was lost takes its bridge along', async () => {
  vsp.answer = () => Promise.reject(new DpuError('DEADLINE_EXCEEDED', 'no answer'));
  await expect(bridges.createBridgePort(on(0, 'vlan-7'))).rejects.toThrow('no answer');
  expect([...vsp.bridges.keys()]).toEqual(['vlan-7']);
  vsp.answer = async () => {};
  await bridges.deleteBridgePort('host0-0', { allowMissing: true });
  expect([...vsp.bridges.keys()]).toEqual([]);
});

test('a placeholder asks for no bridge', async () => {
  await bridges.createBridgePort(port(0));
  expect(vsp.bridges.size).toBe(0);
  expect(vsp.ports.get('host0-0')?.logicalBridges).toEqual(['2']);
});

test('what a crash left is taken away, what has ports stays and goes with them', async () => {
  await bridges.createBridgePort(on(0, 'vlan-7'));
  await vsp.createLogicalBridge({ name: 'logicalBridges/vlan-8', vlanId: 8 });
  await vsp.createLogicalBridge({ name: 'logicalBridges/others', vlanId: 9 });
  const next = new PortBridges(vsp, silent);
  await next.listBridgePorts();
  expect([...vsp.bridges.keys()]).toEqual(['vlan-7', 'others']);
  await next.deleteBridgePort('host0-0', { allowMissing: true });
  expect([...vsp.bridges.keys()]).toEqual(['others']);
});

test('a port that comes while the last one goes has its bridge', async () => {
  await bridges.createBridgePort(on(0, 'vlan-7'));
  await Promise.all([
    bridges.deleteBridgePort('host0-0', { allowMissing: true }),
    bridges.createBridgePort(on(1, 'vlan-7')),
  ]);
  expect([...vsp.bridges.keys()]).toEqual(['vlan-7']);
  await Promise.all([
    bridges.createBridgePort(on(0, 'vlan-7')),
    bridges.deleteBridgePort('host0-1', { allowMissing: true }),
  ]);
  expect([...vsp.bridges.keys()]).toEqual(['vlan-7']);
});

test('a VSP without bridges serves a network whose VLAN nobody asked for, and refuses another', async () => {
  vsp.hasBridges = false;
  await bridges.createBridgePort(on(3, 'dpunet-0a1b2c3d-9'));
  expect(vsp.ports.get('host0-3')?.logicalBridges).toEqual(['5']);
  await expect(bridges.createBridgePort(on(4, 'vlan-7'))).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: expect.stringMatching(/VLAN 7.*spec\.vlan/),
  });
  expect(vsp.ports.has('host0-4')).toBe(false);
});
