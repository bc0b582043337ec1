import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fakeClock, fakePlatform, fakeSysfs } from '../../testing/index.ts';
import { sharesOf, VfDevices } from './vf-devices.ts';

const pf = '0000:01:00.0';
const machine = (more: object = {}, address = pf) => ({
  address,
  vendor: '177d',
  device: 'b900',
  netdevs: [{ name: `eth${address.at(-1)}` }],
  sriov: { totalVfs: 4, device: 'b903', driver: 'octeon_ep_vf', ...more },
});
const silent = () => {};
const logger = { trace: silent, debug: silent, info: silent, warn: silent, error: silent, fatal: silent } as never;

test.each<[number, number[], number[]]>([
  [0, [4, 4], [0, 0]],
  [5, [4, 4], [3, 2]],
  [6, [2, 8], [2, 4]],
  [9, [4, 4], [5, 4]],
  [3, [8], [3]],
])('%i virtual functions of %j are %j', (count, maxima, shares) => {
  expect(sharesOf(count, maxima)).toEqual(shares);
});

test('devices are the functions of all physical ones; each is set up, again where nothing has changed', async () => {
  await using sysfs = await fakeSysfs({ pci: [machine(), machine({ offset: 32 }, '0000:01:00.1')] });
  const told: string[] = [];
  const configure = async (address: string, count: number) => void told.push(`${address} ${count}`);
  const pfs = [pf, '0000:01:00.1'];
  const stop = new AbortController();
  const vfs = new VfDevices({ platform: fakePlatform({ sysfs }), logger, pfs, signal: stop.signal, configure });
  await vfs.start();
  expect(told).toEqual([]);
  expect(await vfs.setNumVfs(3)).toBe(3);
  expect(told).toEqual(['0000:01:00.0 2', '0000:01:00.1 1']);
  expect(await vfs.devices()).toEqual([
    { id: '0000:01:02.0', pf: 0, vf: 0, healthy: true },
    { id: '0000:01:02.1', pf: 0, vf: 1, healthy: true },
    { id: '0000:01:04.1', pf: 1, vf: 0, healthy: true },
  ]);
  expect(await vfs.setNumVfsOf(1, 4)).toBe(4);
  expect((await vfs.virtualFunctions()).physicalFunctions).toEqual([
    { pf: 0, count: 2, maximum: 4 },
    { pf: 1, count: 4, maximum: 4 },
  ]);
  await expect(vfs.setNumVfsOf(2, 1)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  await expect(vfs.setNumVfs(9)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  expect(await vfs.devices()).toHaveLength(6);

  // One of the second physical function is in use: the first gets its own back.
  const vfio = join(sysfs.root, 'bus/pci/drivers/vfio-pci');
  await mkdir(vfio, { recursive: true });
  const driver = join(sysfs.root, 'bus/pci/devices/0000:01:04.1/driver');
  await rm(driver, { force: true });
  await symlink(vfio, driver);
  await expect(vfs.setNumVfs(2)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  expect(await vfs.devices()).toHaveLength(6);

  told.length = 0;
  await new VfDevices({ platform: fakePlatform({ sysfs }), logger, pfs, signal: stop.signal, configure }).start();
  expect(told).toEqual(['0000:01:00.0 2', '0000:01:00.1 4']);
  stop.abort();
});

test('a function without its network device is no use until that comes, also after the deadline', async () => {
  await using sysfs = await fakeSysfs({ pci: [machine({ heldBack: true })] });
  const clock = fakeClock();
  const stop = new AbortController();
  const vfs = new VfDevices({ platform: fakePlatform({ sysfs, clock }), logger, pfs: [pf], signal: stop.signal });
  await vfs.start();
  const isAnswered = vfs.setNumVfs(2);
  await expect.poll(() => clock.sleeping).toBe(2);
  await clock.advance(5_000);
  expect(await isAnswered).toBe(2);
  expect(await vfs.devices()).toMatchObject([
    { healthy: false, reason: 'waits for its network device' },
    { healthy: false },
  ]);
  await clock.advance(55_000);
  expect((await vfs.devices())[0]?.reason).toMatch(/^has no network device 60 s after it was made/);

  const { promise, resolve } = Promise.withResolvers<void>();
  vfs.watch(async () => {
    if ((await vfs.devices()).every(({ healthy }) => healthy)) resolve();
  });
  await sysfs.probe(pf);
  await promise;
  stop.abort();
});

test('netdevs that come within the call are waited for', async () => {
  await using sysfs = await fakeSysfs({ pci: [machine({ heldBack: true })] });
  const clock = fakeClock();
  const stop = new AbortController();
  const vfs = new VfDevices({ platform: fakePlatform({ sysfs, clock }), logger, pfs: [pf], signal: stop.signal });
  await vfs.start();
  const answer = vfs.setNumVfs(4);
  await expect.poll(() => clock.sleeping).toBe(2);
  await sysfs.probe(pf);
  expect(await answer).toBe(4);
  expect((await vfs.devices()).map(({ healthy }) => healthy)).toEqual([true, true, true, true]);
  stop.abort();
});

test('functions that their driver made anew are set up; where that fails, they are no use until it succeeds', async () => {
  await using sysfs = await fakeSysfs({ pci: [machine({ numVfs: 2 })] });
  const clock = fakeClock();
  const stop = new AbortController();
  const told: number[] = [];
  let fault: string | undefined;
  const configure = async (_pf: string, count: number) => {
    if (fault !== undefined) throw new Error(fault);
    told.push(count);
  };
  const platform = fakePlatform({ sysfs, clock });
  const vfs = new VfDevices({ platform, logger, pfs: [pf], signal: stop.signal, configure });
  await vfs.start();
  // A look may fall between the two, and waits then.
  const pass = () => clock.advance(2_000);
  await sysfs.setVirtualFunctions(pf, 0);
  await sysfs.setVirtualFunctions(pf, 3);
  await expect.poll(() => pass().then(() => told.at(-1))).toBe(3);

  fault = 'busy';
  await sysfs.setVirtualFunctions(pf, 0);
  await sysfs.setVirtualFunctions(pf, 2);
  await expect
    .poll(() => pass().then(async () => (await vfs.devices())[1]?.reason))
    .toBe('could not be set up, which is tried again: busy');
  fault = undefined;
  await expect.poll(() => clock.sleeping).toBe(1);
  await clock.advance(60_000);
  await expect.poll(async () => (await vfs.devices()).map(({ healthy }) => healthy)).toEqual([true, true]);
  expect(told.at(-1)).toBe(2);
  stop.abort();
});

test('the time for netdevs begins anew with new functions, and ends when all have one', async () => {
  await using sysfs = await fakeSysfs({ pci: [machine({ heldBack: true, driver: undefined })] });
  const clock = fakeClock();
  const stop = new AbortController();
  const vfs = new VfDevices({ platform: fakePlatform({ sysfs, clock }), logger, pfs: [pf], signal: stop.signal });
  await vfs.start();
  const set = async (count: number) => {
    const answer = vfs.setNumVfs(count);
    await expect.poll(() => clock.sleeping).toBe(2);
    await clock.advance(5_000);
    await answer;
    expect(clock.sleeping).toBe(1);
  };
  await set(2);
  await clock.advance(40_000);
  await set(4);
  await clock.advance(20_000);
  expect((await vfs.devices()).map(({ reason }) => reason)).toEqual(Array(4).fill('waits for its network device'));
  expect(clock.sleeping).toBe(1);
  await sysfs.probe(pf);
  await expect.poll(() => clock.sleeping).toBe(0);
  stop.abort();
});

test('a driver that was loaded anew and left no functions behind gets as many as before', async () => {
  await using sysfs = await fakeSysfs({ pci: [machine()] });
  const clock = fakeClock();
  const stop = new AbortController();
  const told: number[] = [];
  const configure = async (_pf: string, count: number) => void told.push(count);
  const platform = fakePlatform({ sysfs, clock });
  const vfs = new VfDevices({ platform, logger, pfs: [pf], signal: stop.signal, configure });
  await vfs.start();
  await vfs.setNumVfs(3);
  await sysfs.setVirtualFunctions(pf, 0);
  await expect.poll(() => clock.sleeping).toBe(1);
  expect(await vfs.devices()).toEqual([]);
  await clock.advance(2_000);
  await expect.poll(() => vfs.devices()).toHaveLength(3);
  await expect.poll(() => told).toEqual([3, 3]);

  // None that were asked for stay none.
  await vfs.setNumVfs(0);
  expect(clock.sleeping).toBe(0);
  expect(await sysfs.virtualFunctions(pf)).toEqual([]);
  stop.abort();
});

test('a card that does not take the number is asked again, at growing intervals', async () => {
  await using sysfs = await fakeSysfs({ pci: [machine({ numVfs: 2 })] });
  const clock = fakeClock();
  const stop = new AbortController();
  const platform = fakePlatform({ sysfs, clock });
  const vfs = new VfDevices({ platform, logger, pfs: [pf], signal: stop.signal });
  await vfs.start();
  const total = join(sysfs.root, 'bus/pci/devices', pf, 'sriov_totalvfs');
  await writeFile(total, '0');
  await sysfs.setVirtualFunctions(pf, 0);
  for (const pauseMs of [2_000, 4_000, 8_000]) {
    await expect.poll(() => clock.sleeping).toBe(1);
    await clock.advance(pauseMs - 1);
    expect(clock.sleeping).toBe(1);
    await clock.advance(1);
  }
  await writeFile(total, '4');
  await expect.poll(() => clock.advance(60_000).then(() => vfs.devices())).toHaveLength(2);
  stop.abort();
});
