import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { BridgePortKeeper, type BridgePortTarget, bridgePortId } from './bridge-port-keeper.ts';

const logger = pino({ level: 'silent' });
const port = (index: number, mac = `02:00:00:00:00:0${index}`): BridgePort => ({
  name: `bridgePorts/host0-${index}`,
  macAddress: mac,
  type: 'ACCESS',
  logicalBridges: [`${index + 2}`],
});

/** A VSP's bridge, with a switch that makes its calls fail. */
class Bridge implements BridgePortTarget {
  readonly ports = new Map<string, BridgePort>();
  failure: DpuError | undefined;
  async createBridgePort(created: BridgePort): Promise<BridgePort> {
    if (this.failure) throw this.failure;
    const old = this.ports.get(created.name);
    if (old && old.macAddress !== created.macAddress) throw new DpuError('ALREADY_EXISTS', 'other content');
    this.ports.set(created.name, created);
    return created;
  }
  async deleteBridgePort(name: string): Promise<void> {
    if (this.failure) throw this.failure;
    this.ports.delete(`bridgePorts/${bridgePortId(name)}`);
  }
}

let directory: string;
let bridge: Bridge;
let vsp: Bridge | undefined;
const keeper = () => new BridgePortKeeper({ directory, vsp: () => vsp, logger });

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'keeper-')), 'dpu');
  bridge = new Bridge();
  vsp = bridge;
});

test('creating twice is once; other content under one name is refused', async () => {
  const ports = keeper();
  await ports.create(port(3));
  await ports.create({ ...port(3), name: 'host0-3' });
  await expect(ports.create(port(3, '02:00:00:00:00:ff'))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  expect(ports.list()).toHaveLength(1);
});

test('a VSP that starts afresh gets the ports back, also after a restart of the daemon', async () => {
  await keeper().create(port(1));
  const fresh = new Bridge();
  fresh.ports.set('bridgePorts/host0-1', port(1, '02:00:00:00:00:ff'));
  await keeper().replay(fresh);
  expect([...fresh.ports.values()]).toEqual([port(1)]);
});

test('a deletion while the VSP is away is answered and made up for', async () => {
  const ports = keeper();
  await ports.create(port(1));
  vsp = undefined;
  await ports.delete('host0-1', { allowMissing: false });
  expect(ports.list()).toEqual([]);
  expect(bridge.ports.size).toBe(1);
  await keeper().replay(bridge);
  expect(bridge.ports.size).toBe(0);
});

test('a port deleted while the VSP was away can come back with other content', async () => {
  const ports = keeper();
  await ports.create(port(1));
  bridge.failure = new DpuError('UNAVAILABLE', 'restarting');
  await ports.delete('bridgePorts/host0-1', { allowMissing: false });
  bridge.failure = undefined;
  await ports.create(port(1, '02:00:00:00:00:aa'));
  expect(bridge.ports.get('bridgePorts/host0-1')?.macAddress).toBe('02:00:00:00:00:aa');
  expect(ports.get('bridgePorts/host0-1')?.macAddress).toBe('02:00:00:00:00:aa');
});

test('a refused port is forgotten, one of unknown outcome is not', async () => {
  const ports = keeper();
  bridge.failure = new DpuError('RESOURCE_EXHAUSTED', 'no more ports');
  await expect(ports.create(port(1))).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  expect(ports.list()).toEqual([]);
  bridge.failure = new DpuError('DEADLINE_EXCEEDED', 'no answer');
  await expect(ports.create(port(2))).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(ports.list()).toEqual([port(2)]);
});

test('without a VSP nothing is promised', async () => {
  vsp = undefined;
  await expect(keeper().create(port(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(keeper().list()).toEqual([]);
});

test('deleting what is not there', async () => {
  await expect(keeper().delete('host0-1', { allowMissing: false })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await keeper().delete('host0-1', { allowMissing: true });
});

test('refuses what is no bridge port', async () => {
  const ports = keeper();
  await expect(ports.create({ ...port(1), macAddress: 'nonsense' })).rejects.toThrow(/macAddress must be 6 bytes/);
  await expect(ports.create({ ...port(1), name: '../x' })).rejects.toThrow(/name must be/);
});

test('a port that another left in the VSP under that name gives way', async () => {
  bridge.ports.set('bridgePorts/host0-1', port(1, '02:00:00:00:00:ff'));
  await keeper().create(port(1));
  expect([...bridge.ports.values()]).toEqual([port(1)]);
});

test('a port that the VSP has and does not want to make again stays recorded, and is deleted there', async () => {
  const ports = keeper();
  await ports.create(port(1));
  bridge.failure = new DpuError('FAILED_PRECONDITION', 'not now');
  await expect(ports.create(port(1))).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  bridge.failure = undefined;
  await ports.delete('host0-1', { allowMissing: true });
  expect(bridge.ports.size).toBe(0);
});

test('a deletion that the VSP refused is asked for again', async () => {
  const ports = keeper();
  await ports.create(port(1));
  bridge.failure = new DpuError('INTERNAL', 'a bug');
  await expect(ports.delete('host0-1', { allowMissing: true })).rejects.toMatchObject({ code: 'INTERNAL' });
  bridge.failure = undefined;
  await ports.delete('host0-1', { allowMissing: true });
  expect(bridge.ports.size).toBe(0);
});

test('what a VSP without bridge ports refused to make can be deleted', async () => {
  const ports = keeper();
  bridge.failure = new DpuError('UNAVAILABLE', 'gone');
  await expect(ports.create(port(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  bridge.failure = new DpuError('UNIMPLEMENTED', 'no bridge ports');
  await ports.delete('host0-1', { allowMissing: true });
  expect(ports.list()).toEqual([]);
});
