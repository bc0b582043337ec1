import { existsSync, mkdtempSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BridgePort, DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import { VspClient } from '@dpu-operator/sdk/client';
import type { DpuSide } from '@dpu-operator/sdk/manifest';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { DevicePool } from '../kubelet/pool.ts';
import { gone } from '../presence.ts';
import { breakDirectory } from '../state/testing.ts';
import { GoVsp } from '../testing/go-vsp.ts';
import { freePort, Vsp } from '../testing/vsp.ts';
import { DpuManager } from './dpu-manager.ts';

const logger = pino({ level: 'silent' });
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const root = () => mkdtempSync(join(tmpdir(), 'dpu-'));

interface Attachments {
  ports: BridgePort[];
  functions: NetworkFunction[];
  pods?: string[];
}

interface Options {
  attachments?: Attachments;
  graceMs?: number;
  name?: string;
}

function manage(side: DpuSide, directory: string, options: Options = {}) {
  const { attachments = { ports: [], functions: [] }, graceMs = 100, name = `test-${side}` } = options;
  const changes = { outages: [] as (string | undefined)[], ready: [] as (string | undefined)[] };
  const pool = new DevicePool();
  let made: DpuManager | undefined;
  const manager = new DpuManager({
    dpu: { name, identifier: 'test', productName: 'Test DPU', side, plugin: 'test' },
    nodeName: 'node-1',
    directories: { vsp: join(directory, 'vsp'), state: join(directory, `state-${side}`) },
    pool,
    attachments: {
      pods: () => attachments.pods ?? [],
      bridgePorts: () => attachments.ports,
      networkFunctions: () => attachments.functions,
    },
    sysfs: { vfPosition: async () => undefined },
    onChange: () => {
      if (!made) return;
      changes.outages.push(made.outOfService());
      changes.ready.push(made.ready?.message);
    },
    logger,
    heartbeatMs: 100,
    graceMs,
  });
  made = manager;
  manager.setChannel({ security: 'plain' });
  cleanups.push(() => manager.close());
  const says = (reason: string) => vi.waitFor(() => expect(manager.ready?.reason).toBe(reason));
  const devices = () => pool.list().map(({ id, healthy }) => (healthy ? id : `${id}!`));
  return { manager, pool, says, devices, changes };
}

const vfCount = ({ vsp: { vfCount: said } }: DpuManager) =>
  said.is === 'there' ? `${said.value.reason}: ${said.value.message}` : said.is;

async function startVsp(directory: string, port?: number): Promise<Vsp> {
  const vsp = new Vsp(port ?? (await freePort()));
  await vsp.start(join(directory, 'vsp'));
  cleanups.push(() => vsp.stop());
  return vsp;
}

const mac = (last: number) => `02:00:00:00:00:0${last}`;
const port = (index: number): BridgePort => ({
  name: `host0-${index}`,
  macAddress: mac(index),
  type: 'ACCESS',
  logicalBridges: [`${index + 2}`],
});

test('waits for the VSP, in a directory that only root can enter', async () => {
  const directory = root();
  const { manager, says, devices } = manage('dpu', directory);
  expect(manager.ready).toMatchObject({ status: 'False', reason: 'VspNotRunning' });
  expect(statSync(join(directory, 'vsp')).mode & 0o777).toBe(0o700);
  await startVsp(directory);
  await says('Ready');
  await vi.waitFor(() => expect(devices()).toEqual(['vf0', 'vf1']));
  expect(manager.devices.position('vf1')).toEqual({ pf: 0, vf: 1 });
});

test('beside a VSP that runs, nothing is said until it has been told everything and its devices are known', async () => {
  const [directory, channel, dpuDirectory] = [root(), await freePort(), root()];
  const vsp = await startVsp(directory, channel);
  await startVsp(dpuDirectory, channel);
  await manage('dpu', dpuDirectory).says('Ready');
  const replay = Promise.withResolvers<void>();
  vsp.numVfsDelay = replay.promise;
  const { manager, says, changes } = manage('host', directory);
  manager.setNumVfs(4);
  await vi.waitFor(() => expect(vsp.numVfsAsked).toEqual([4]));
  expect(manager.ready).toBeUndefined();
  replay.resolve();
  await says('Ready');
  expect(new Set(changes.ready)).toEqual(new Set([undefined, '4 devices']));
});

test('a disk that is full keeps no DPU from being served', async () => {
  const directory = root();
  const { says } = manage('dpu', directory);
  for (const records of ['init', 'chains', 'network-function-deletions', 'bridge-ports']) {
    breakDirectory(join(directory, 'state-dpu', records));
  }
  await startVsp(directory);
  await says('Ready');
});

test('a change of the devices reaches the pool', async () => {
  const directory = root();
  const vsp = await startVsp(directory);
  const { manager, says, devices } = manage('dpu', directory);
  await says('Ready');
  vsp.unhealthy = true;
  vsp.changed();
  await vi.waitFor(() => expect(devices()).toEqual(['vf0!', 'vf1!']));
  expect(manager.ready?.message).toBe('2 devices, of which 2 unhealthy');
});

test('a device sits where its plugin says, and the condition says why it is unhealthy', async () => {
  const directory = root();
  const vsp = await startVsp(directory);
  vsp.details = (vf) => ({ pf: 1, vf: 10 + vf });
  const { manager, says } = manage('dpu', directory);
  await says('Ready');
  expect(manager.devices.position('vf1')).toEqual({ pf: 1, vf: 11 });
  vsp.details = (vf) => (vf === 1 ? { pf: 1, vf: 20, healthy: false, reason: 'no carrier' } : { pf: 1, vf: 10 });
  vsp.changed();
  await vi.waitFor(() => expect(manager.ready?.message).toBe('2 devices, of which 1 unhealthy: vf1 (no carrier)'));
  expect(manager.devices.position('vf1')).toEqual({ pf: 1, vf: 20 });
});

test('the plugin is asked what a container gets, if it has a say, and waited for while it restarts', async () => {
  const directory = root();
  const silent = await startVsp(directory);
  const { manager, says } = manage('dpu', directory);
  await says('Ready');
  await expect(manager.vsp.allocateDevices(['vf0'])).resolves.toBeUndefined();
  await silent.stop();
  await says('VspNotRunning');
  const talking = new Vsp(await freePort());
  talking.allocate = async (ids) => ({ env: { CARD: ids.join(' ') } });
  await talking.start(join(directory, 'vsp'));
  await says('Ready');
  await expect(manager.vsp.allocateDevices(['vf0', 'vf1'])).resolves.toMatchObject({ env: { CARD: 'vf0 vf1' } });
  await talking.stop();
  await says('VspNotRunning');
  const waiting = manager.vsp.allocateDevices(['vf0']);
  await talking.start(join(directory, 'vsp'));
  cleanups.push(() => talking.stop());
  await expect(waiting).resolves.toMatchObject({ env: { CARD: 'vf0' } });
});

test('a VSP that starts anew is told everything again', async () => {
  const directory = root();
  const first = await startVsp(directory);
  const attachments: Attachments = { ports: [], functions: [{ input: mac(1), output: mac(2) }] };
  const { manager, says } = manage('dpu', directory, { attachments });
  await says('Ready');
  await first.stop();
  await says('VspNotRunning');
  const refused = manager.dataPath.createNetworkFunction({ input: mac(3), output: mac(4) });
  await expect(refused).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await manager.dataPath.deleteNetworkFunction({ input: mac(5), output: mac(6) });
  const second = await startVsp(directory);
  await says('Ready');
  expect(second.functions).toEqual([{ input: mac(1), output: mac(2) }]);
  expect(second.forgotten).toEqual([{ input: mac(5), output: mac(6) }]);
});

test('bridge ports go from the host to the VSP of the DPU side, and back to it when it starts anew', async () => {
  const [hostDirectory, dpuDirectory, channel] = [root(), root(), await freePort()];
  await startVsp(hostDirectory, channel);
  const attachments: Attachments = { ports: [], functions: [] };
  const host = manage('host', hostDirectory, { attachments });
  await host.says('PeerUnreachable');
  await expect(host.manager.dataPath.createBridgePort(port(0))).rejects.toMatchObject({ code: 'UNAVAILABLE' });

  const dpuVsp = await startVsp(dpuDirectory, channel);
  const dpu = manage('dpu', dpuDirectory);
  await dpu.says('Ready');
  await host.says('Ready');
  attachments.ports.push(port(1), port(2));
  await host.manager.dataPath.createBridgePort(port(1));
  await host.manager.dataPath.createBridgePort(port(2));
  expect([...dpuVsp.ports.keys()].sort()).toEqual(['bridgePorts/host0-1', 'bridgePorts/host0-2']);

  await dpuVsp.stop();
  await host.says('PeerNotReady');
  attachments.ports.pop();
  await host.manager.dataPath.deleteBridgePort('host0-2');
  const anew = await startVsp(dpuDirectory, channel);
  await host.says('Ready');
  expect([...anew.ports.keys()]).toEqual(['bridgePorts/host0-1']);
});

test('an Init that fails is said and tried again', async () => {
  const directory = root();
  const vsp = new Vsp(await freePort());
  vsp.initFailure = new DpuError('FAILED_PRECONDITION', 'the firmware is too old');
  await vsp.start(join(directory, 'vsp'));
  cleanups.push(() => vsp.stop());
  const { manager, says } = manage('dpu', directory);
  await says('InitFailed');
  expect(manager.ready?.message).toContain('the firmware is too old');
  vsp.initFailure = undefined;
  await says('Ready');
});

test('a host that goes for good tells its DPU side first what that has not heard', async () => {
  const [directory, dpuDirectory, channel] = [root(), root(), await freePort()];
  await startVsp(directory, channel);
  const dpuVsp = await startVsp(dpuDirectory, channel);
  const dpu = manage('dpu', dpuDirectory);
  await dpu.says('Ready');
  const attachments: Attachments = { ports: [port(0)], functions: [] };
  const host = manage('host', directory, { attachments, graceMs: 60_000 });
  await host.says('Ready');
  await vi.waitFor(() => expect(dpuVsp.ports.size).toBe(1));
  dpu.manager.close();
  attachments.ports = [];
  await host.manager.dataPath.deleteBridgePort('host0-0');
  const gone = host.manager.tearDown();
  manage('dpu', dpuDirectory);
  await gone;
  expect(dpuVsp.ports.size).toBe(0);
});

test('devices are offered again after a flap of the hardware in which the VSP was away as well', async () => {
  const directory = root();
  const first = await startVsp(directory);
  const { manager, says, devices } = manage('dpu', directory, { graceMs: 10 });
  await vi.waitFor(() => expect(devices()).toEqual(['vf0', 'vf1']));
  manager.devices.setHardwareProblem('the card is away');
  await first.stop();
  await says('VspNotRunning');
  await startVsp(directory);
  await says('Ready');
  expect(manager.outOfService()).toBe('the card is away');
  manager.devices.setHardwareProblem(undefined);
  await vi.waitFor(() => expect(devices()).toEqual(['vf0', 'vf1']));
});

test('the number of virtual functions is set and a refusal is said', async () => {
  const [directory, channel] = [root(), await freePort()];
  const vsp = await startVsp(directory, channel);
  const dpuDirectory = root();
  await startVsp(dpuDirectory, channel);
  await manage('dpu', dpuDirectory).says('Ready');
  const { manager, says, devices } = manage('host', directory);
  manager.setNumVfs(4);
  await says('Ready');
  expect(vsp.numVfs).toBe(4);
  manager.setNumVfs(9);
  await vi.waitFor(() => expect(vfCount(manager)).toMatch(/^Refused: .*this card has 8 at most/));
  // It serves with those that it has.
  expect(manager.ready?.status).toBe('True');
  manager.setNumVfs(3);
  await vi.waitFor(() => expect(vfCount(manager)).toMatch(/^Applied/));
  vsp.changed();
  await vi.waitFor(() => expect(devices()).toEqual(['vf0', 'vf1', 'vf2']));
});

test('a number of virtual functions that the VSP refuses because of pods is asked for again when one leaves', async () => {
  const [directory, channel, dpuDirectory] = [root(), await freePort(), root()];
  const vsp = await startVsp(directory, channel);
  await startVsp(dpuDirectory, channel);
  await manage('dpu', dpuDirectory).says('Ready');
  vsp.numVfsRefusal = new DpuError('FAILED_PRECONDITION', '0000:01:02.2 is bound to vfio-pci');
  const { manager, says, devices } = manage('host', directory, {
    attachments: { ports: [], functions: [], pods: ['default/a'] },
  });
  manager.setNumVfs(4);
  await vi.waitFor(() => expect(vfCount(manager)).toMatch(/^Refused: .*0000:01:02.2 is bound to vfio-pci/));
  await says('Ready');
  await vi.waitFor(() => expect(devices()).toEqual(['vf0', 'vf1']));
  vsp.numVfsRefusal = undefined;
  manager.vsp.podsChanged();
  await vi.waitFor(() => expect(vfCount(manager)).toMatch(/^Applied/));
  expect(vsp.numVfsAsked).toEqual([4, 4]);
  // What stands is not asked for again.
  manager.vsp.podsChanged();
  expect(vfCount(manager)).toMatch(/^Applied/);
  expect(vsp.numVfsAsked).toEqual([4, 4]);
});

test('of two numbers of virtual functions the later holds, however long the earlier takes', async () => {
  const [directory, channel, dpuDirectory] = [root(), await freePort(), root()];
  const vsp = await startVsp(directory, channel);
  await startVsp(dpuDirectory, channel);
  await manage('dpu', dpuDirectory).says('Ready');
  const { manager, says } = manage('host', directory);
  await says('Ready');
  const slow = Promise.withResolvers<void>();
  vsp.numVfsDelay = slow.promise;
  manager.setNumVfs(4);
  await vi.waitFor(() => expect(vsp.numVfsAsked).toEqual([4]));
  manager.setNumVfs(2);
  // Time enough for whatever the manager asks at once.
  const client = new VspClient({ socketPath: join(directory, 'vsp/vendor-plugin.sock'), logger });
  await vi.waitFor(() => client.getDevices());
  client.close();
  slow.resolve();
  await vi.waitFor(() => expect(vsp.numVfsAsked).toEqual([4, 2]));
  await vi.waitFor(() => expect(vsp.numVfs).toBe(2));
});

test('an address that is taken is said, and listened on once it is free', async () => {
  const [directory, channel] = [root(), await freePort()];
  const other = createServer().listen(channel, '127.0.0.1');
  const taken = new Promise((resolve) => other.once('listening', resolve));
  await taken;
  await startVsp(directory, channel);
  const { manager, says } = manage('dpu', directory);
  await says('ChannelFailed');
  expect(manager.ready?.message).toContain(`127.0.0.1:${channel}`);
  await new Promise((resolve) => other.close(resolve));
  await says('Ready');
});

test('a manager that is closed while its VSP comes up does not listen', async () => {
  const [directory, channel] = [root(), await freePort()];
  await startVsp(directory, channel);
  const asked = Promise.withResolvers<void>();
  const attachments: Attachments = {
    ports: [],
    get functions() {
      manager.close();
      asked.resolve();
      return [];
    },
  };
  const { manager } = manage('dpu', directory, { attachments });
  await asked.promise;
  const next = root();
  await startVsp(next, channel);
  await manage('dpu', next).says('Ready');
});

test('a heartbeat that fails in the VSP is told to the host as such', async () => {
  const [hostDirectory, dpuDirectory, channel] = [root(), root(), await freePort()];
  await startVsp(hostDirectory, channel);
  const vsp = await startVsp(dpuDirectory, channel);
  await manage('dpu', dpuDirectory).says('Ready');
  const host = manage('host', hostDirectory);
  await host.says('Ready');
  vsp.heartbeat = () => Promise.reject(new DpuError('INTERNAL', 'no data path'));
  await host.says('PeerNotReady');
});

test('tearing down takes the virtual functions, the devices and the files away', async () => {
  const directory = root();
  const vsp = await startVsp(directory);
  const { manager, says, devices } = manage('dpu', directory);
  await says('Ready');
  await manager.tearDown();
  expect(vsp.numVfs).toBe(0);
  expect(devices()).toEqual([]);
  expect(existsSync(join(directory, 'vsp')) || existsSync(join(directory, 'state-dpu'))).toBe(false);
});

/** A host side and a DPU side that are both Ready. */
async function pair(options: Options = {}) {
  const [hostDirectory, dpuDirectory, channel] = [root(), root(), await freePort()];
  await startVsp(hostDirectory, channel);
  const vsp = await startVsp(dpuDirectory, channel);
  const dpu = manage('dpu', dpuDirectory, options);
  await dpu.says('Ready');
  const host = manage('host', hostDirectory, options);
  await host.says('Ready');
  await vi.waitFor(() => expect(host.devices()).toEqual(['vf0', 'vf1']));
  return { host, dpu, vsp, dpuDirectory };
}

test('a DPU side that stays away makes the devices of its host unhealthy, until it is back', async () => {
  const { host, dpu, dpuDirectory } = await pair();
  dpu.manager.close();
  await vi.waitFor(() => expect(host.devices()).toEqual(['vf0!', 'vf1!']));
  expect(host.manager.outOfService()).toContain('is out of reach');
  expect(host.manager.ready).toMatchObject({ status: 'False', reason: 'PeerUnreachable' });
  const again = manage('dpu', dpuDirectory);
  await again.says('Ready');
  await vi.waitFor(() => expect(host.devices()).toEqual(['vf0', 'vf1']));
  expect(host.manager.outOfService()).toBeUndefined();
});

test('a DPU daemon that restarts within the grace period changes nothing at its hosts', async () => {
  const attachments: Attachments = { ports: [], functions: [] };
  const { host, dpu, vsp, dpuDirectory } = await pair({ graceMs: 60_000, attachments });
  host.changes.outages.length = 0;
  dpu.manager.close();
  attachments.ports.push(port(1));
  const adding = host.manager.dataPath.createBridgePort(port(1));
  manage('dpu', dpuDirectory, { graceMs: 60_000 });
  await adding;
  expect([...vsp.ports.keys()]).toEqual(['bridgePorts/host0-1']);
  expect(host.devices()).toEqual(['vf0', 'vf1']);
  expect(host.changes.outages).toEqual([]);
  expect(host.manager.ready).toMatchObject({ status: 'True' });
});

test('a VSP that says that its data path fails serves no pods', async () => {
  const directory = root();
  const vsp = await startVsp(directory);
  const { manager, says, devices } = manage('dpu', directory);
  await says('Ready');
  await vi.waitFor(() => expect(devices()).toEqual(['vf0', 'vf1']));
  vsp.heartbeat = async () => false;
  await says('VspUnhealthy');
  expect(manager.outOfService()).toContain('its data path does not work');
  expect(devices()).toEqual(['vf0!', 'vf1!']);
  vsp.heartbeat = async () => true;
  await vi.waitFor(() => expect(devices()).toEqual(['vf0', 'vf1']));
  expect(manager.outOfService()).toBeUndefined();
});

test('a VSP that hangs is found by its heartbeat, serves no pods, and does again when it goes on', async () => {
  const directory = root();
  const vsp = await startVsp(directory);
  const { manager, says, devices } = manage('dpu', directory);
  await says('Ready');
  await vi.waitFor(() => expect(devices()).toEqual(['vf0', 'vf1']));
  const goesOn = Promise.withResolvers<boolean>();
  vsp.heartbeat = () => goesOn.promise;
  await vi.waitFor(() => expect(manager.ready?.reason).toBe('VspHangs'), 10_000);
  expect(manager.outOfService()).toContain('does not answer its heartbeat');
  expect(devices()).toEqual(['vf0!', 'vf1!']);
  goesOn.resolve(true);
  await vi.waitFor(() => expect(devices()).toEqual(['vf0', 'vf1']));
});

test('two host DPUs of one node have ports of one name each; a host that is forgotten has none', async () => {
  const attachments: Attachments = { ports: [port(1)], functions: [] };
  const { dpu, vsp } = await pair({ attachments });
  const second = root();
  await startVsp(second, vsp.address.port);
  const other = manage('host', second, { name: 'other-host', attachments: { ports: [port(1)], functions: [] } });
  await other.says('Ready');
  expect(dpu.manager.dpuSide?.dataPath.hostPorts.users()).toEqual(['node-1/other-host', 'node-1/test-host']);
  expect(vsp.ports.size).toBe(2);
  await expect(dpu.manager.dpuSide?.forgetHost('node-1/test-host')).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
  });
  expect(await dpu.manager.dpuSide?.forgetHost('node-9/unknown')).toBe(0);
  expect(dpu.manager.hostPorts).toEqual(gone);
});

test('a daemon that starts does not know yet whether a host that has ports here is away, until that speaks', async () => {
  const attachments: Attachments = { ports: [port(1)], functions: [] };
  const { host, dpu, dpuDirectory } = await pair({ attachments });
  dpu.manager.close();
  const again = manage('dpu', dpuDirectory, { attachments: { ports: [], functions: [] } });
  expect(again.manager.hostPorts).toMatchObject({ is: 'unknown' });
  await again.says('Ready');
  await host.says('Ready');
  await vi.waitFor(() => expect(again.manager.hostPorts).toEqual(gone));
});

test('an image for the Go operator that runs on while the daemon is restarted has what it shall', async () => {
  const [hostDirectory, dpuDirectory, channel] = [root(), root(), await freePort()];
  const go = new GoVsp(channel);
  await go.start(join(dpuDirectory, 'vsp'));
  cleanups.push(() => go.stop());
  const attachments: Attachments = { ports: [], functions: [{ input: mac(1), output: mac(2) }] };
  const first = manage('dpu', dpuDirectory, { attachments });
  await first.says('Ready');
  await startVsp(hostDirectory, channel);
  const wanted: Attachments = { ports: [port(1), port(2)], functions: [] };
  const host = manage('host', hostDirectory, { attachments: wanted });
  await host.says('Ready');
  expect([...go.ports.keys()].sort()).toEqual(['host0-1', 'host0-2']);
  first.manager.close();
  await host.says('PeerUnreachable');
  // What changes while nobody can tell the VSP.
  wanted.ports.pop();
  await host.manager.dataPath.deleteBridgePort('host0-2');
  attachments.functions.push({ input: mac(3), output: mac(4) });
  const second = manage('dpu', dpuDirectory, { attachments });
  await second.says('Ready');
  await host.says('Ready');
  expect([...go.ports.keys()]).toEqual(['host0-1']);
  expect(go.functions.size).toBe(2);
  expect(go.inits).toBeGreaterThan(1);
});

test.each(['host', 'dpu'] as const)(
  'an image for the Go operator that has no devices before it is told how many, %s side',
  async (side) => {
    const directory = root();
    const go = new GoVsp(await freePort(), { isFilledLater: true });
    await go.start(join(directory, 'vsp'));
    cleanups.push(() => go.stop());
    const first = manage(side, directory);
    await vi.waitFor(() => expect(go.numVfs).toEqual([8]));
    await vi.waitFor(() => expect(first.devices()).toHaveLength(8));
    first.manager.close();
    // It has them now, and pods may use them.
    const second = manage(side, directory);
    await vi.waitFor(() => expect(second.devices()).toHaveLength(8));
    expect(go.numVfs).toEqual([8]);
  },
);

test('a VSP was initialised when it was, whatever becomes of the daemon', async () => {
  const [directory, channel] = [root(), await freePort()];
  const vsp = await startVsp(directory, channel);
  const first = manage('dpu', directory);
  await first.says('Ready');
  const before = first.manager.vsp.identity?.initialisedAt;
  expect(before).toBeDefined();
  first.manager.close();
  const second = manage('dpu', directory);
  await second.says('Ready');
  expect(second.manager.vsp.identity?.initialisedAt).toBe(before);
  await vsp.stop();
  await second.says('VspNotRunning');
  await vsp.start(join(directory, 'vsp'));
  await second.says('Ready');
  expect(second.manager.vsp.identity?.initialisedAt).not.toBe(before);
});
