/** When a VSP hears that its replay is complete, and what an ADD waits for. */
import { DpuError } from '@dpu-operator/sdk';
import { expect, onTestFinished, test, vi } from 'vitest';
import { DpuDataPath } from './dpu-data-path.ts';
import { MemoryVsp, port, silent, temporaryDirectory } from './testing.ts';

function dataPathIn(directory: string, unreadable: () => string[] = () => []) {
  const dataPath = new DpuDataPath({
    dpuName: 'dpu-1',
    directory,
    attachments: { networkFunctions: () => [], unreadable },
    isOnlyInstallation: () => true,
    onChains: () => {},
    onHosts: () => {},
    logger: silent,
  });
  onTestFinished(() => dataPath.close());
  return dataPath;
}

test('a VSP hears it after each connection, when it holds all that it shall', async () => {
  const directory = temporaryDirectory();
  const dataPath = dataPathIn(directory);
  const first = new MemoryVsp();
  await dataPath.vspStarted(first);
  await vi.waitFor(() => expect(first.replays).toBe(1));
  await dataPath.hostPorts.create('a/x', port(1));
  dataPath.vspLost();
  const second = new MemoryVsp();
  let heldAtTheEnd: number | undefined;
  second.completeReplay = async () => {
    heldAtTheEnd = second.ports.size;
    return true;
  };
  await dataPath.vspStarted(second);
  await vi.waitFor(() => expect(heldAtTheEnd).toBe(1));
  expect(first.replays).toBe(1);
});

test('while something that is wished is refused, it is not complete', async () => {
  const directory = temporaryDirectory();
  const before = dataPathIn(directory);
  await before.vspStarted(new MemoryVsp());
  await before.hostPorts.create('a/x', port(1));
  await before.hostPorts.create('a/x', port(2));
  before.close();
  const dataPath = dataPathIn(directory);
  const vsp = new MemoryVsp();
  let refuses = true;
  vsp.gate = async (call) => {
    if (refuses && call === 'create host0-2') throw new DpuError('RESOURCE_EXHAUSTED', 'full');
  };
  await dataPath.vspStarted(vsp);
  expect([vsp.ports.size, vsp.replays]).toEqual([1, 0]);
  refuses = false;
  // Whoever asks for it has it tried at once.
  await dataPath.hostPorts.create('a/x', port(2));
  await vi.waitFor(() => expect(vsp.replays).toBe(1));
});

test('while there are records that cannot be read, it is not complete', async () => {
  let unreadable = ['a.json (cut short)'];
  const dataPath = dataPathIn(temporaryDirectory(), () => unreadable);
  const vsp = new MemoryVsp();
  await dataPath.vspStarted(vsp);
  await dataPath.hostPorts.create('a/x', port(1));
  expect(vsp.replays).toBe(0);
  unreadable = [];
  dataPath.recordsChanged();
  await vi.waitFor(() => expect(vsp.replays).toBe(1));
});

test('a VSP that cannot be told is not told again, one that fails is', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const dataPath = dataPathIn(temporaryDirectory());
  const old = new MemoryVsp();
  const told = vi.fn(async () => false);
  old.completeReplay = told;
  await dataPath.vspStarted(old);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(told).toHaveBeenCalledTimes(1);
  dataPath.vspLost();
  const vsp = new MemoryVsp();
  const fails = vi.fn(async () => {
    if (fails.mock.calls.length < 3) throw new DpuError('UNAVAILABLE', 'the card is away');
    return true;
  });
  vsp.completeReplay = fails;
  await dataPath.vspStarted(vsp);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(fails).toHaveBeenCalledTimes(3);
});

const component = (status: 'PENDING' | 'ERROR', details: object) => [
  { name: 'programming', status, details: JSON.stringify(details) },
];

async function startedVsp(canTell = false) {
  const dataPath = dataPathIn(temporaryDirectory());
  const vsp = new MemoryVsp();
  vsp.canTell = canTell;
  await dataPath.vspStarted(vsp);
  return { dataPath, vsp };
}

test('a port that the card goes on with is waited for, by asking a VSP that cannot tell', async () => {
  const { dataPath, vsp } = await startedVsp();
  let asked = 0;
  vsp.components = () => {
    asked += 1;
    return asked < 4 ? component('PENDING', { message: 'the firmware learns it' }) : undefined;
  };
  await dataPath.hostPorts.create('a/x', port(1));
  expect(asked).toBe(4);
});

test('a VSP that tells is not asked before', async () => {
  const { dataPath, vsp } = await startedVsp(true);
  const get = vi.spyOn(vsp, 'getBridgePort');
  vsp.components = () => component('PENDING', { message: 'the firmware learns it' });
  const made = dataPath.hostPorts.create('a/x', port(1));
  await vi.waitFor(() => expect(vsp.ports.size).toBe(1));
  vsp.goesOn('host0-1');
  await vi.waitFor(() => expect(get).toHaveBeenCalledTimes(1));
  vsp.components = () => undefined;
  vsp.goesOn('host0-1');
  await made;
  expect(get).toHaveBeenCalledTimes(2);
});

test('a port that fails when nobody waits for it any more is asked for again, later each time', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { dataPath, vsp } = await startedVsp(true);
  await dataPath.hostPorts.create('a/x', port(1));
  const creations = () => vsp.calls.filter((call) => call === 'create host0-1').length;
  // The card takes it each time, and fails with it right after that.
  const fail = async () => {
    vsp.components = () => component('ERROR', { code: 'INTERNAL', message: 'the card lost it' });
    vsp.goesOn('host0-1');
    await vi.advanceTimersByTimeAsync(0);
    vsp.components = () => undefined;
  };
  await fail();
  expect([creations(), dataPath.hostPorts.list('a/x')[0]?.components]).toEqual([
    1,
    component('PENDING', { message: 'the card lost it' }),
  ]);
  const waits: number[] = [];
  for (let times = 2; times < 7; times += 1) {
    const since = performance.now();
    while (creations() < times) await vi.advanceTimersByTimeAsync(50);
    waits.push(performance.now() - since);
    expect(dataPath.hostPorts.list('a/x')).toEqual([port(1)]);
    await fail();
  }
  expect(waits[0]).toBeLessThan(600);
  // Half of 8 s at least.
  expect(waits[4]).toBeGreaterThan(3_900);
});

test('a watch that breaks is opened again, later each time, and what was missed is asked once', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { dataPath, vsp } = await startedVsp(true);
  await dataPath.hostPorts.create('a/x', port(1));
  const list = vi.spyOn(vsp, 'listBridgePorts');
  vsp.breakWatch();
  vsp.components = () => component('ERROR', { code: 'INTERNAL', message: 'the card lost it' });
  await vi.advanceTimersByTimeAsync(500);
  expect([vsp.watches, list.mock.calls.length]).toEqual([2, 1]);
  expect(dataPath.hostPorts.list('a/x')[0]?.components).toEqual(component('PENDING', { message: 'the card lost it' }));
  vsp.components = () => undefined;
  await vi.waitFor(() => expect(dataPath.hostPorts.list('a/x')).toEqual([port(1)]));
  for (let breaks = 2; breaks < 5; breaks += 1) {
    const since = performance.now();
    vsp.breakWatch();
    while (vsp.watches === breaks) await vi.advanceTimersByTimeAsync(50);
    expect(performance.now() - since).toBeGreaterThanOrEqual(250 * 2 ** (breaks - 1));
  }
  vsp.breakWatch();
  dataPath.vspLost();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(vsp.watches).toBe(5);
});

test('a VSP that is lost while it starts counts as away', async () => {
  const dataPath = dataPathIn(temporaryDirectory());
  const vsp = new MemoryVsp();
  vsp.getInfo = async () => {
    dataPath.vspLost();
    return { capabilities: [], features: [] };
  };
  await expect(dataPath.vspStarted(vsp)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(dataPath.hostPorts.create('a/x', port(1))).rejects.toMatchObject({
    message: expect.stringContaining("the DPU's VSP is not ready"),
  });
  expect([vsp.calls, vsp.watches]).toEqual([[], 0]);
});

test('a card that goes on with many ports at once is asked for some at a time', async () => {
  const { dataPath, vsp } = await startedVsp(true);
  const ids = Array.from({ length: 40 }, (_, index) => index + 10);
  await Promise.all(ids.map((id) => dataPath.hostPorts.create('a/x', port(id, '02:00:00:00:00:01'))));
  vsp.components = () => component('ERROR', { code: 'INTERNAL', message: 'the card was reset' });
  const get = vsp.getBridgePort.bind(vsp);
  let asking = 0;
  let most = 0;
  vsp.getBridgePort = async (name) => {
    asking += 1;
    most = Math.max(most, asking);
    await Promise.resolve();
    asking -= 1;
    return get(name);
  };
  for (const id of ids) vsp.goesOn(`host0-${id}`);
  const told = () => dataPath.hostPorts.list('a/x').filter(({ components }) => components).length;
  await vi.waitFor(() => expect(told()).toBe(40), { interval: 1 });
  expect(most).toBeLessThanOrEqual(16);
});

test('one who waits while the watch breaks and is opened again hears by it', async () => {
  const { dataPath, vsp } = await startedVsp(true);
  vsp.components = () => component('PENDING', { message: 'the firmware learns it' });
  const made = dataPath.hostPorts.create('a/x', port(1));
  await vi.waitFor(() => expect(vsp.ports.size).toBe(1));
  vsp.breakWatch();
  await vi.waitFor(() => expect(vsp.watches).toBe(2));
  vsp.components = () => undefined;
  vsp.goesOn('host0-1');
  await made;
});

test('one that the card fails with is told why, and is gone', async () => {
  const { dataPath, vsp } = await startedVsp();
  let asked = 0;
  vsp.components = () => {
    asked += 1;
    if (asked < 3) return component('PENDING', { message: 'the firmware learns it' });
    return component('ERROR', { code: 'RESOURCE_EXHAUSTED', message: 'its table is full' });
  };
  const made = dataPath.hostPorts.create('a/x', port(1));
  await expect(made).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', message: 'its table is full' });
  expect([vsp.ports.size, dataPath.hostPorts.list('a/x')]).toEqual([0, []]);
});

test('one that is not up in time is told with what it waits for, and asked for again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { dataPath, vsp } = await startedVsp();
  vsp.components = () => component('PENDING', { message: 'the firmware learns it' });
  const late = expect(dataPath.hostPorts.create('a/x', port(1))).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    message: expect.stringContaining('is not up after 8 s: the firmware learns it'),
  });
  const creations = () => vsp.calls.filter((call) => call === 'create host0-1').length;
  await vi.waitFor(() => expect(creations()).toBe(1));
  await vi.advanceTimersByTimeAsync(8_000);
  await late;
  vsp.components = () => undefined;
  await vi.waitFor(() => expect(creations()).toBeGreaterThan(1), { interval: 500 });
});

test.each(['PENDING', 'ERROR'] as const)('a port that a VSP lists as %s is asked for again', async (status) => {
  const { dataPath, vsp } = await startedVsp();
  await dataPath.hostPorts.create('a/x', port(1));
  dataPath.vspLost();
  vsp.components = () => [{ name: 'programming', status, details: '{"message":"the card is busy"}' }];
  const held = vsp.listBridgePorts.bind(vsp);
  vsp.listBridgePorts = async () => Promise.all((await held()).map(({ name }) => vsp.getBridgePort(name)));
  const create = vi.spyOn(vsp, 'createBridgePort');
  const started = dataPath.vspStarted(vsp);
  await vi.waitFor(() => expect(create).toHaveBeenCalled());
  vsp.components = () => [];
  await started;
});

test('whether networks are kept apart is what the VSP of now says, and stays known while there is none', async () => {
  const dataPath = dataPathIn(temporaryDirectory());
  expect(dataPath.hasOneBridge).toBeUndefined();
  const vsp = new MemoryVsp();
  vsp.hasBridges = false;
  await dataPath.vspStarted(vsp);
  expect(dataPath.hasOneBridge).toBe(true);
  dataPath.vspLost();
  expect(dataPath.hasOneBridge).toBe(true);
  const silentOne = new MemoryVsp();
  silentOne.listLogicalBridges = () => Promise.reject(new DpuError('INTERNAL', 'no answer'));
  await dataPath.vspStarted(silentOne);
  expect(dataPath.hasOneBridge).toBe(true);
  await dataPath.vspStarted(new MemoryVsp());
  expect(dataPath.hasOneBridge).toBe(false);
});
