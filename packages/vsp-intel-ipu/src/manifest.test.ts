import { cards, detect, fakePlatform, fakeSysfs, ordinaryServer, startPlugin } from '@dpu-operator/sdk/testing';
import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import plugin from './index.ts';

const found = async (machine: Parameters<typeof fakeSysfs>[0]) => {
  await using sysfs = await fakeSysfs(machine);
  return (await detect({ packageJson, sysfs })).map(({ side, identifier }) => `${side} ${identifier}`);
};

test('the card is found as on both of its sides, and not where it is not', async () => {
  expect(await found(cards.intelIpu.host({ numVfs: 2 }))).toEqual(['host intel-ipu-0000:6a:00.0']);
  expect(await found(cards.intelIpu.dpu())).toEqual(['dpu intel-ipu']);
  expect(await found(ordinaryServer())).toEqual([]);
  expect(await found(cards.intelNetsec.host())).toEqual([]);
});

test('the host side makes virtual functions, and answers where the ACC’s daemon listens', async () => {
  await using sysfs = await fakeSysfs(cards.intelIpu.host({ totalVfs: 8 }));
  const dpu = { side: 'host', identifier: 'intel-ipu-0000:6a:00.0', pciAddress: '0000:6a:00.0' } as const;
  const platform = fakePlatform({ sysfs, exec: { ip: '[]' } });
  await using vsp = await startPlugin(plugin, { packageJson, platform, dpu });
  expect(await vsp.client.init({ dpuMode: false, dpuIdentifier: dpu.identifier })).toEqual({
    ip: '192.168.1.2',
    port: 50151,
  });
  expect(await vsp.client.setNumVfs(4)).toBe(4);
  expect(await vsp.client.getDevices()).toHaveLength(4);
  await expect(vsp.client.setNumVfs(9)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
});

test('the channel’s interface gets its address, once', async () => {
  await using sysfs = await fakeSysfs(cards.intelIpu.host());
  const dpu = { side: 'host', identifier: 'intel-ipu-0000:6a:00.0', pciAddress: '0000:6a:00.0' } as const;
  const link = { ifname: 'ens5f0d2', ifindex: 4, mtu: 1500, flags: [] };
  const own = { family: 'inet', local: '192.168.1.1', prefixlen: 24 };
  for (const [addresses, commands] of [
    [[], 'addr add 192.168.1.1/24 dev ens5f0d2\nlink set ens5f0d2 up\n'],
    [[own], 'link set ens5f0d2 up\n'],
  ] as const) {
    const ip = JSON.stringify([{ ...link, addr_info: addresses }]);
    const platform = fakePlatform({ sysfs, exec: { ip } });
    await using _vsp = await startPlugin(plugin, { packageJson, platform, dpu });
    await expect.poll(() => platform.exec.calls.map(({ input }) => input).filter(Boolean)).toEqual([commands]);
  }
});
