import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import { VspClient } from '@dpu-operator/sdk/client';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { BridgePortKeeper, type BridgePortTarget } from './bridge-port-keeper.ts';
import { Peer, type PeerState } from './peer.ts';
import { serveChannel } from './server.ts';

const logger = pino({ level: 'silent' });
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

const port = (index: number, mac = `02:00:00:00:00:0${index}`): BridgePort => ({
  name: `host0-${index}`,
  macAddress: mac,
  type: 'ACCESS',
  logicalBridges: [`${index + 2}`],
});

/** The DPU side: a keeper with its records in `directory`, served on TCP. */
async function startDpuSide(
  options: { directory?: string; port?: number; refuse?: (port: BridgePort) => DpuError | false } = {},
) {
  const bridge = new Map<string, BridgePort>();
  const vsp: BridgePortTarget = {
    createBridgePort: async (created) => {
      const refusal = options.refuse?.(created);
      if (refusal) throw refusal;
      bridge.set(created.name.replace('bridgePorts/', ''), created);
      return created;
    },
    deleteBridgePort: async (name) => void bridge.delete(name),
  };
  const directory = options.directory ?? join(mkdtempSync(join(tmpdir(), 'channel-')), 'ports');
  const health = { healthy: true };
  const keeper = new BridgePortKeeper({ directory, vsp: () => vsp, logger });
  const served = await serveChannel(
    { ip: '127.0.0.1', port: options.port ?? (await freePort()) },
    { bridgePorts: keeper, healthy: async () => health.healthy, responderId: 'dpu-1', logger },
  );
  cleanups.push(() => served.close());
  return { bridge, keeper, health, directory, ...served };
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

function startHost(address: string, wanted: BridgePort[]) {
  const states: PeerState[] = [];
  const client = new VspClient({ address, logger });
  const peer = new Peer({
    client,
    address,
    senderId: 'host-1',
    wanted: () => wanted,
    onState: (state) => states.push(state),
    logger,
    intervalMs: 50,
  });
  cleanups.push(() => peer.close());
  const reachable = () => vi.waitFor(() => expect(peer.state).toEqual({ reachable: true }));
  return { peer, states, reachable };
}

test('bridge ports reach the DPU side and its disk', async () => {
  const dpu = await startDpuSide();
  const { peer, reachable } = startHost(dpu.address, []);
  await reachable();
  await peer.createBridgePort(port(3));
  expect(dpu.keeper.get('host0-3')).toEqual({ ...port(3), name: 'bridgePorts/host0-3' });
  await peer.deleteBridgePort('host0-3');
  await peer.deleteBridgePort('host0-3');
  expect(dpu.keeper.list()).toEqual([]);
  expect(dpu.bridge.size).toBe(0);
});

test('on connecting the DPU side is made to agree with the attachments of the host', async () => {
  const dpu = await startDpuSide();
  for (const there of [port(1), port(2, '02:00:00:00:00:ff'), port(4)]) await dpu.keeper.create(there);
  const { reachable } = startHost(dpu.address, [port(1), port(2), port(3)]);
  await reachable();
  const macs = dpu.keeper.list().map(({ name, macAddress }) => [name, macAddress]);
  expect(macs.sort()).toEqual([1, 2, 3].map((i) => [`bridgePorts/host0-${i}`, `02:00:00:00:00:0${i}`]));
});

test('a broken connection is told at once, and what happened meanwhile is made up for', async () => {
  const dpu = await startDpuSide();
  const wanted = [port(1), port(2)];
  const { peer, states, reachable } = startHost(dpu.address, wanted);
  await reachable();
  dpu.close();
  await vi.waitFor(() => expect(peer.state).toMatchObject({ reachable: false, reason: 'PeerUnreachable' }));
  await expect(peer.createBridgePort(port(3))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  wanted.pop();
  await peer.deleteBridgePort('host0-2');
  const again = await startDpuSide({ directory: dpu.directory, port: Number(dpu.address.split(':')[1]) });
  expect(again.keeper.list()).toHaveLength(2);
  await reachable();
  expect(again.keeper.list().map(({ name }) => name)).toEqual(['bridgePorts/host0-1']);
  expect(states.map((state) => (state.reachable ? 'reachable' : state.reason))).toEqual([
    'reachable',
    'PeerUnreachable',
    'reachable',
  ]);
});

test('a DPU side that answers but does not work is told apart', async () => {
  const dpu = await startDpuSide();
  dpu.health.healthy = false;
  const { peer, reachable } = startHost(dpu.address, [port(1)]);
  await vi.waitFor(() => expect(peer.state).toMatchObject({ reachable: false, reason: 'PeerNotReady' }));
  dpu.health.healthy = true;
  await reachable();
  expect(dpu.keeper.list()).toHaveLength(1);
});

test('two servers cannot have one address', async () => {
  const dpu = await startDpuSide();
  const taken = Number(dpu.address.split(':')[1]);
  await expect(startDpuSide({ port: taken })).rejects.toThrow(/cannot listen for hosts on 127.0.0.1/);
});

test('a port that the DPU side refuses does not keep the host from the others', async () => {
  const refused = port(1);
  const dpu = await startDpuSide({
    refuse: (created) => created.macAddress === refused.macAddress && new DpuError('RESOURCE_EXHAUSTED', 'full'),
  });
  const { peer, reachable } = startHost(dpu.address, [refused, port(2)]);
  await reachable();
  expect(dpu.keeper.list().map(({ name }) => name)).toEqual(['bridgePorts/host0-2']);
  await peer.createBridgePort(port(3));
});
