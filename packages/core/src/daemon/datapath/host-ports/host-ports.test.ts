import { DpuError } from '@dpu-operator/sdk';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { anonymousOwner } from '../../peer/owner.ts';
import { hostPortsIn, MemoryVsp, port, temporaryDirectory } from '../testing.ts';

const [a, b] = ['node-a/dpu', 'node-b/dpu'];

let directory: string;
let bridge: MemoryVsp;

beforeEach(() => {
  directory = temporaryDirectory();
  bridge = new MemoryVsp();
});

/** A daemon that starts on this directory. */
async function start(vsp: MemoryVsp | undefined = bridge) {
  const { ports, reconciler, connect } = hostPortsIn(directory);
  onTestFinished(() => reconciler.close());
  if (vsp) await connect(vsp);
  return { ports, reconciler, connect };
}
const startWithoutVsp = () => {
  const { ports, reconciler, connect } = hostPortsIn(directory);
  onTestFinished(() => reconciler.close());
  return { ports, connect };
};

test('creating twice is once; other content under one name is refused', async () => {
  const { ports } = await start();
  await ports.create(a, port(3));
  await ports.create(a, { ...port(3), name: 'host0-3' });
  await expect(ports.create(a, port(3, '02:00:00:00:00:ff'))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  await expect(ports.create(a, { ...port(3), logicalBridges: ['9'] })).rejects.toThrow(/delete it first/);
  expect(ports.list(a)).toHaveLength(1);
});

test('a VSP that starts afresh gets the ports back, also after a restart of the daemon', async () => {
  await (await start()).ports.create(a, port(1));
  const fresh = new MemoryVsp();
  fresh.ports.set('host0-1', port(1, '02:00:00:00:00:ff'));
  await start(fresh);
  expect([...fresh.ports.values()]).toEqual([port(1)]);
});

test.each([true, false])('a VSP with other ports keeps them (it lists: %s)', async (canList) => {
  await (await start()).ports.create(a, port(1));
  const other = new MemoryVsp();
  other.canList = canList;
  other.ports.set('host0-7', port(7));
  other.ports.set('host0-1', port(1, '02:00:00:00:00:ff'));
  await start(other);
  expect([...other.ports.keys()].sort()).toEqual(['host0-1', 'host0-7']);
  expect(other.ports.get('host0-1')).toEqual(port(1));
});

test('a VSP that has a port already is not disturbed', async () => {
  await (await start()).ports.create(a, port(1));
  bridge.calls.length = 0;
  await start();
  expect(bridge.calls).toEqual([]);
});

test('a deletion while the VSP is away is answered and made up for', async () => {
  const { ports, reconciler } = await start();
  await ports.create(a, port(1));
  reconciler.disconnect();
  await ports.delete(a, 'host0-1', { allowMissing: false });
  expect(ports.list(a)).toEqual([]);
  expect(bridge.ports.size).toBe(1);
  await start();
  expect(bridge.ports.size).toBe(0);
});

test('a port deleted while the VSP was away can come back with other content', async () => {
  const { ports } = await start();
  await ports.create(a, port(1));
  bridge.failure = new DpuError('UNAVAILABLE', 'restarting');
  await ports.delete(a, 'bridgePorts/host0-1', { allowMissing: false });
  bridge.failure = undefined;
  await ports.create(a, port(1, '02:00:00:00:00:aa'));
  expect(bridge.ports.get('host0-1')?.macAddress).toBe('02:00:00:00:00:aa');
  expect(ports.get(a, 'bridgePorts/host0-1')?.macAddress).toBe('02:00:00:00:00:aa');
});

test('a refused port is forgotten, one of unknown outcome is not', async () => {
  const { ports } = await start();
  bridge.failure = new DpuError('RESOURCE_EXHAUSTED', 'no more ports');
  await expect(ports.create(a, port(1))).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  expect(ports.list(a)).toEqual([]);
  bridge.failure = new DpuError('DEADLINE_EXCEEDED', 'no answer');
  await expect(ports.create(a, port(2))).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  const components = [{ name: 'programming', status: 'PENDING', details: '{"message":"no answer"}' }];
  expect(ports.list(a)).toEqual([{ ...port(2), operStatus: 'DOWN', components }]);
});

test('without a VSP nothing is promised', async () => {
  const { ports } = startWithoutVsp();
  await expect(ports.create(a, port(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(startWithoutVsp().ports.list(a)).toEqual([]);
});

test('deleting what is not there', async () => {
  const { ports } = await start();
  await expect(ports.delete(a, 'host0-1', { allowMissing: false })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await ports.delete(a, 'host0-1', { allowMissing: true });
});

test('refuses what is no bridge port', async () => {
  const { ports } = await start();
  expect(() => ports.create(a, { ...port(1), macAddress: 'nonsense' })).toThrow(/macAddress must be 6 bytes/);
  expect(() => ports.create(a, { ...port(1), name: '../x' })).toThrow(/name must be/);
});

test.each([true, false])(
  'a port that another left in the VSP under that name gives way (it lists: %s)',
  async (canList) => {
    bridge.canList = canList;
    bridge.ports.set('host0-1', port(1, '02:00:00:00:00:ff'));
    await (await start()).ports.create(a, port(1));
    expect([...bridge.ports.values()]).toEqual([port(1)]);
  },
);

test('a port that the VSP has and does not want to make again stays recorded, and is deleted there', async () => {
  bridge.canList = false;
  await (await start()).ports.create(a, port(1));
  bridge.failure = new DpuError('FAILED_PRECONDITION', 'not now');
  const { ports } = await start();
  await expect(ports.create(a, port(1))).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  bridge.failure = undefined;
  await ports.delete(a, 'host0-1', { allowMissing: true });
  expect(bridge.ports.size).toBe(0);
});

test('a deletion that the VSP refused is asked for again', async () => {
  const { ports } = await start();
  await ports.create(a, port(1));
  bridge.failure = new DpuError('INTERNAL', 'a bug');
  await expect(ports.delete(a, 'host0-1', { allowMissing: true })).rejects.toMatchObject({ code: 'INTERNAL' });
  bridge.failure = undefined;
  await ports.delete(a, 'host0-1', { allowMissing: true });
  expect(bridge.ports.size).toBe(0);
});

test('what a VSP without bridge ports refused to make can be deleted', async () => {
  const { ports } = await start();
  bridge.failure = new DpuError('UNAVAILABLE', 'gone');
  await expect(ports.create(a, port(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  bridge.failure = new DpuError('UNIMPLEMENTED', 'no bridge ports');
  await ports.delete(a, 'host0-1', { allowMissing: true });
  expect(ports.list(a)).toEqual([]);
});

test('two hosts have a port of one name each, by names of their own at the VSP', async () => {
  const { ports } = await start();
  const second = port(1, '02:00:00:00:00:bb');
  await Promise.all([ports.create(a, port(1)), ports.create(b, second)]);
  expect([ports.list(a), ports.list(b)]).toEqual([[port(1)], [second]]);
  const names = [...bridge.ports.keys()].sort();
  expect(names[0]).toBe('host0-1');
  expect(names[1]).toMatch(/^host0-1-[0-9a-f]{8}$/);
  expect(ports.owners()).toEqual([a, b]);
});

test('a host whose deletion is under way is still one: its DPU is not torn down before the answer', async () => {
  const { ports } = await start();
  await ports.create(a, port(1));
  const held = Promise.withResolvers<void>();
  bridge.gate = () => held.promise;
  const deleted = ports.delete(a, 'host0-1', { allowMissing: false });
  await vi.waitFor(() => expect(bridge.calls.at(-1)).toBe('delete host0-1'));
  expect([ports.list(a), ports.users()]).toEqual([[], [a]]);
  held.resolve();
  await deleted;
  expect(ports.users()).toEqual([]);
});

test('a host reads and deletes its own ports only', async () => {
  const { ports } = await start();
  await ports.create(a, port(1));
  expect([ports.list(b), ports.get(b, 'host0-1')]).toEqual([[], undefined]);
  await expect(ports.delete(b, 'host0-1', { allowMissing: false })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await ports.delete(b, 'host0-1', { allowMissing: true });
  expect(bridge.ports.size).toBe(1);
});

test('a host that is forgotten loses its ports, the others none', async () => {
  const { ports, reconciler } = await start();
  await ports.create(a, port(1));
  await ports.create(b, port(1, '02:00:00:00:00:bb'));
  reconciler.disconnect();
  expect(await ports.forgetHost(a)).toBe(1);
  await start();
  expect([...bridge.ports.values()].map(({ macAddress }) => macAddress)).toEqual(['02:00:00:00:00:bb']);
  expect((await start()).ports.owners()).toEqual([b]);
});

test('a host takes over the port that it made before it said who it is, and no other', async () => {
  const { ports } = await start();
  for (const index of [1, 2]) await ports.create(anonymousOwner, port(index));
  await ports.create(a, port(1));
  await ports.create(a, port(2, '02:00:00:00:00:ff'));
  expect(ports.list(anonymousOwner)).toEqual([port(2)]);
  expect(ports.list(a)).toEqual([port(1), port(2, '02:00:00:00:00:ff')]);
  expect(bridge.ports.get('host0-2')).toEqual(port(2));
  expect(bridge.ports.size).toBe(3);
});

const proven = (installation: string) => `spiffe://${installation}/host/node-a/dpu`;

test('what a host made before it proved its name is its own only where it cannot be that of another installation', async () => {
  const { ports } = await start();
  for (const index of [1, 2]) await ports.create(a, port(index));
  const sure = hostPortsIn(directory, (installation) => installation === 'aaaa');
  onTestFinished(() => sure.reconciler.close());
  await sure.connect(bridge);
  await sure.ports.takeOver(proven('bbbb'));
  expect(sure.ports.owners()).toEqual([a]);
  // What it asks for as it was made is.
  await sure.ports.create(proven('bbbb'), port(1));
  expect(sure.ports.list(proven('bbbb'))).toEqual([port(1)]);
  await sure.ports.takeOver(proven('aaaa'));
  expect(sure.ports.list(proven('aaaa'))).toEqual([port(2)]);
  expect(bridge.calls.filter((call) => call.startsWith('delete'))).toEqual([]);
});

test('long names stay within what a resource name may have, and apart', async () => {
  const { ports } = await start();
  const long = (mac: string) => ({ ...port(1, mac), name: 'n'.repeat(63) });
  await ports.create(a, long('02:00:00:00:00:01'));
  await ports.create(b, long('02:00:00:00:00:02'));
  for (const id of bridge.ports.keys()) expect(id).toMatch(/^[a-z0-9-]{4,63}$/);
  expect(bridge.ports.size).toBe(2);
});

test('one that is not taken holds up no other', async () => {
  const { ports } = await start();
  const held = Promise.withResolvers<void>();
  bridge.gate = (call) => (call.endsWith('host0-1') ? held.promise : Promise.resolve());
  const first = ports.create(a, port(1));
  await Promise.all([2, 3, 4].map((index) => ports.create(a, port(index))));
  expect([...bridge.ports.keys()].sort()).toEqual(['host0-2', 'host0-3', 'host0-4']);
  held.resolve();
  await first;
});
