import type { CardStatus, IpPort } from '@dpu-operator/sdk';
import { cards, fakePlatform, fakeSysfs, startPlugin } from '@dpu-operator/sdk/testing';
import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { create } from './index.ts';
import type { Settings } from './settings.ts';

const pf = '0000:ca:00.0';
const request = { dpuMode: false, dpuIdentifier: '0000c9ffff00ab12' };
const { host } = cards.intelNetsec;
/** No link is there: the end of the channel that the kernel would open. */
const open = async (_platform: unknown, { device, port }: { device: string; port: number }): Promise<IpPort> => ({
  ip: `[fe80::1%25${device}]`,
  port,
});
const plugin = { create: (context: never) => create(context, open) };
const vf = (index: number) => ({
  vlan: { id: index + 2, qos: 0, protocol: '802.1q' },
  spoofCheck: false,
  trust: true,
});
const exec = { ethtool: 'driver: ice\nfirmware-version: 4.40 0x8001c7d4 1.3534.0\n' };

test('functions of the first port, each on its VLAN, trusted and without spoof check; VEPA', async () => {
  await using sysfs = await fakeSysfs(host());
  const settings: Partial<Settings> = { vfs: 2 };
  const platform = fakePlatform({ sysfs, exec });
  await using vsp = await startPlugin(plugin, { packageJson, settings, platform });
  expect(await vsp.client.init(request)).toEqual({ ip: '[fe80::1%25ens1f0]', port: 8085 });
  expect(await vsp.client.getDevices()).toMatchObject([
    { id: '0000:ca:01.0', pf: 0, vf: 0, healthy: true },
    { id: '0000:ca:01.1', pf: 0, vf: 1, healthy: true },
  ]);
  expect(await sysfs.vfSettings(pf)).toEqual([vf(0), vf(1)]);
  expect(await sysfs.bridgeMode(pf)).toBe('vepa');
  // As after the driver was loaded anew.
  await platform.sriov.setBridgeMode(pf, 'veb');
  expect(await vsp.client.setNumVfs(3)).toBe(3);
  expect(await sysfs.bridgeMode(pf)).toBe('vepa');
  expect(await sysfs.vfSettings(pf)).toEqual([vf(0), vf(1), vf(2)]);
  await expect(vsp.client.setNumVfs(129)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  expect(await sysfs.virtualFunctions('0000:ca:00.1')).toEqual([]);
});

test('more functions in the settings than the card can have are refused, and the plugin serves what is there', async () => {
  await using sysfs = await fakeSysfs(host({ totalVfs: 4 }));
  const settings: Partial<Settings> = { vfs: 5 };
  await using vsp = await startPlugin(plugin, { packageJson, settings, platform: fakePlatform({ sysfs, exec }) });
  await vsp.client.init(request);
  const { promise, resolve, reject } = Promise.withResolvers<CardStatus>();
  vsp.client.watchStatus(resolve, reject);
  expect((await promise).conditions).toContainEqual({
    type: 'VirtualFunctionCount',
    status: 'False',
    reason: 'TooMany',
    message: `settings.vfs: ${pf} can have 0 to 4 virtual functions, not 5; nothing was changed: there are 0`,
  });
  expect(await sysfs.virtualFunctions(pf)).toEqual([]);
  expect(await vsp.client.setNumVfs(4)).toBe(4);
});

test('without a number in the settings a small card has all that it can have', async () => {
  await using sysfs = await fakeSysfs(host({ totalVfs: 4 }));
  await using vsp = await startPlugin(plugin, { packageJson, platform: fakePlatform({ sysfs, exec }) });
  await vsp.client.init(request);
  expect(await vsp.client.getDevices()).toHaveLength(4);
});

test('without a number in the settings a larger card has eight', async () => {
  await using sysfs = await fakeSysfs(host({ totalVfs: 64 }));
  await using vsp = await startPlugin(plugin, { packageJson, platform: fakePlatform({ sysfs, exec }) });
  await vsp.client.init(request);
  expect(await vsp.client.getDevices()).toHaveLength(8);
});

test('what is there is taken over: a restart makes nothing anew, and sets up what is missing', async () => {
  await using sysfs = await fakeSysfs(host({ numVfs: 4 }));
  const before = await sysfs.netdevs('0000:ca:01.0');
  await using vsp = await startPlugin(plugin, { packageJson, platform: fakePlatform({ sysfs, exec }) });
  await vsp.client.init(request);
  expect(await vsp.client.getDevices()).toHaveLength(4);
  expect(await sysfs.netdevs('0000:ca:01.0')).toEqual(before);
  expect((await sysfs.vfSettings(pf))[3]).toEqual(vf(3));
});

test('functions whose network devices do not come are told, and used when they do', async () => {
  await using sysfs = await fakeSysfs(host({ heldBack: true }));
  const platform = fakePlatform({ sysfs, exec });
  await using vsp = await startPlugin(plugin, { packageJson, settings: { vfs: 1 }, platform });
  const ready = vsp.client.init(request);
  await expect.poll(() => platform.clock.sleeping).toBe(2);
  await platform.clock.advance(5_000);
  await ready;
  expect(await vsp.client.getDevices()).toMatchObject([{ healthy: false, reason: 'waits for its network device' }]);
  await platform.clock.advance(55_000);
  const [device] = await vsp.client.getDevices();
  expect(device?.reason).toContain('60 s after it was made');
  await sysfs.probe(pf);
  await expect.poll(async () => (await vsp.client.getDevices())[0]?.healthy).toBe(true);
});

test('a card with another serial number is not taken for it', async () => {
  await using sysfs = await fakeSysfs(host({ serial: '0000c9ffff00ab13' }));
  await using vsp = await startPlugin(plugin, { packageJson, platform: fakePlatform({ sysfs }) });
  await expect(vsp.client.init(request)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('with the serial number 0000c9ffff00ab12'),
  });
  expect(await sysfs.virtualFunctions(pf)).toEqual([]);
});
