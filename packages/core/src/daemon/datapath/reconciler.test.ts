import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import { expect, onTestFinished, test, vi } from 'vitest';
import { breakDirectory } from '../state/testing.ts';
import { bridgePortKey } from './items.ts';
import type { Wish } from './plan.ts';
import { Reconciler } from './reconciler.ts';
import { hostPortsIn, MemoryVsp, port, portDirectoryIn, silent, temporaryDirectory } from './testing.ts';
import { VspTarget } from './vsp-target.ts';

const indexes = (count: number) => Array.from({ length: count }, (_, index) => index);
const named = (index: number): BridgePort => ({ ...port(1), name: `bridgePorts/host0-${index}` });
const keyed = (index: number) => bridgePortKey(`host0-${index}`);

function start(ports: BridgePort[]) {
  const vsp = new MemoryVsp();
  vsp.canList = false;
  const reconciler = new Reconciler({
    desired: {
      wishes: () => ports.map((held): Wish => ({ order: 'hold', item: { kind: 'bridgePort', port: held } })),
      acknowledged: async () => {},
    },
    disconnected: 'the target is away',
    logger: silent,
  });
  onTestFinished(() => reconciler.close());
  const connect = () => reconciler.connect(new VspTarget({ client: vsp, logger: silent }));
  return { vsp, reconciler, connect };
}

test('calls that do not depend on each other are in flight together, sixteen at most', async () => {
  const ports = indexes(40).map(named);
  const { vsp, connect } = start(ports);
  let most = 0;
  let now = 0;
  vsp.gate = async () => {
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
  };
  await connect();
  expect(vsp.ports.size).toBe(40);
  expect(most).toBe(16);
});

test('what somebody waits for goes first', async () => {
  const ports = indexes(40).map(named);
  const { vsp, reconciler, connect } = start(ports);
  const gates = indexes(40).map(() => Promise.withResolvers<void>());
  let called = 0;
  vsp.gate = () => gates[called++]?.promise ?? Promise.resolve();
  const connected = connect();
  await vi.waitFor(() => expect(vsp.calls).toHaveLength(16));
  const ensured = reconciler.ensure(keyed(39));
  gates[0]?.resolve();
  await vi.waitFor(() => expect(vsp.calls).toHaveLength(17));
  expect(vsp.calls[16]).toBe('create host0-39');
  gates[16]?.resolve();
  await ensured;
  for (const gate of gates) gate.resolve();
  await connected;
});

test('a target that is lost ends the wait of those who do not want to, and not of the others', async () => {
  const ports = [named(1)];
  const { vsp, reconciler, connect } = start(ports);
  await expect(reconciler.ensure(keyed(1))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'the target is away',
  });
  const held = Promise.withResolvers<void>();
  vsp.gate = () => held.promise;
  const patient = reconciler.ensure(keyed(1), { patient: true });
  const connecting = connect();
  const impatient = reconciler.ensure(keyed(1));
  reconciler.disconnect();
  await expect(impatient).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  held.resolve();
  await expect(connecting).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await connect();
  await patient;
  expect(vsp.ports.size).toBe(1);
});

test('a patient one is told what was in its way when its time is over, and refusals at once', async () => {
  const { vsp, reconciler, connect } = start([named(1), named(2)]);
  vsp.gate = async (call) => {
    if (call.endsWith('host0-1')) throw new DpuError('UNAVAILABLE', 'its VSP restarts');
    throw new DpuError('RESOURCE_EXHAUSTED', 'full');
  };
  await connect();
  const late = reconciler.ensure(keyed(1), { patient: true, deadlineMs: 1_000 });
  await expect(reconciler.ensure(keyed(2), { patient: true })).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  await expect(late).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'its VSP restarts' });
  await expect(reconciler.ensure(keyed(3), { patient: true })).resolves.toBeUndefined();
  const orders = reconciler.ensure(keyed(1), { patient: true });
  reconciler.rejectAll(new DpuError('UNAVAILABLE', 'out of reach'));
  await expect(orders).rejects.toThrow('out of reach');
});

test('a call that hangs holds up nobody but who waits for it', async () => {
  const { vsp, reconciler, connect } = start([named(1), named(2)]);
  const hangs = Promise.withResolvers<void>();
  onTestFinished(() => hangs.resolve());
  vsp.gate = (call) => (call.endsWith('host0-1') ? hangs.promise : Promise.resolve());
  void connect().catch(() => {});
  await reconciler.ensure(keyed(2), { patient: true });
  await expect(reconciler.ensure(keyed(1), { deadlineMs: 50 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
});

async function startHostPorts() {
  const directory = temporaryDirectory();
  const { ports, reconciler, connect } = hostPortsIn(directory);
  onTestFinished(() => reconciler.close());
  const vsp = new MemoryVsp();
  await connect(vsp);
  return { directory, ports, reconciler, vsp };
}

test('what cannot be written down is not asked of the VSP, and does not stay promised', async () => {
  const { directory, ports, vsp } = await startHostPorts();
  const repair = breakDirectory(portDirectoryIn(directory));
  await expect(ports.create('a/x', port(1))).rejects.toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    message: expect.stringContaining('the record of bridge port host0-1 cannot be written'),
  });
  expect([vsp.calls, ports.list('a/x')]).toEqual([[], []]);
  repair();
  await ports.create('a/x', port(1));
  expect(vsp.ports.size).toBe(1);
});

test('a full disk keeps no port from being deleted: the VSP is asked', async () => {
  const { directory, ports, vsp } = await startHostPorts();
  await ports.create('a/x', port(1));
  breakDirectory(portDirectoryIn(directory));
  await ports.delete('a/x', 'host0-1', { allowMissing: true });
  expect([vsp.ports.size, ports.list('a/x')]).toEqual([0, []]);
});

test('a deletion that neither the disk nor the VSP takes is an error, and done when one of them does', async () => {
  const { directory, ports, reconciler, vsp } = await startHostPorts();
  await ports.create('a/x', port(1));
  const repair = breakDirectory(portDirectoryIn(directory));
  vsp.failure = new DpuError('UNAVAILABLE', 'it restarts');
  const remove = () => ports.delete('a/x', 'host0-1', { allowMissing: true });
  await expect(remove()).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  reconciler.disconnect();
  await expect(remove()).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  repair();
  await remove();
  expect(vsp.ports.size).toBe(1);
  vsp.failure = undefined;
  const next = hostPortsIn(directory);
  onTestFinished(() => next.reconciler.close());
  await next.connect(vsp);
  expect(vsp.ports.size).toBe(0);
});

test('what failed is tried again by itself, less often each time, until it succeeds', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { vsp, connect } = start([named(1)]);
  vsp.failure = new DpuError('INTERNAL', 'a bug');
  await connect();
  // A random half of 0.5 s, 1 s, 2 s, … is taken away.
  await vi.advanceTimersByTimeAsync(249);
  expect(vsp.calls).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(252);
  expect(vsp.calls).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(120_000);
  const failed = vsp.calls.length;
  expect(failed).toBeGreaterThan(6);
  expect(failed).toBeLessThan(20);
  vsp.failure = undefined;
  await vi.advanceTimersByTimeAsync(31_000);
  expect(vsp.ports.size).toBe(1);
  expect(vsp.calls).toHaveLength(failed + 1);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(vsp.calls).toHaveLength(failed + 1);
});
