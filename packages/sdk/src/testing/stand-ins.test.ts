import { expect, test } from 'vitest';
import { fakeClock } from './clock.ts';
import { fakePlatform } from './platform.ts';
import { fakeSysfs, openFakeSysfs } from './sysfs.ts';

const pf = '0000:ca:00.0';
const machine = {
  pci: [
    {
      address: pf,
      vendor: '8086',
      device: '1599',
      netdevs: [
        { name: 'ens1f1', devPort: 1 },
        { name: 'ens1f2', devPort: 0 },
        { name: 'pf0vf0', physPortName: 'pf0vf0' },
      ],
      sriov: { totalVfs: 4, device: '1889', netdev: 'vf{vf}', heldBack: true },
    },
  ],
};
const vfs = ['0000:ca:02.0', '0000:ca:02.1'];

test('netdevs come in the order of their ports, without representors', async () => {
  await using sysfs = await fakeSysfs(machine);
  expect((await sysfs.netdevs(pf)).map(({ name }) => name)).toEqual(['ens1f2', 'ens1f1']);
});

test('netdevs that are held back are waited for, and are there as soon as their driver has made the last', async () => {
  await using sysfs = await fakeSysfs(machine);
  const { sriov } = fakePlatform({ sysfs });
  await sysfs.setVirtualFunctions(pf, 2);
  expect(await sriov.netdev(vfs[0] ?? '')).toBeUndefined();
  const found = sriov.netdevs(vfs);
  // As the driver does, whatever process it is called from.
  await (await openFakeSysfs(sysfs.root)).probe(pf);
  expect((await found).map(({ name }) => name)).toEqual(['vf0', 'vf1']);
  expect((await sriov.netdevs(vfs)).map(({ name }) => name)).toEqual(['vf0', 'vf1']);
});

test('netdevs that never come are named at the deadline, which a signal does not wait for', async () => {
  await using sysfs = await fakeSysfs(machine);
  const clock = fakeClock();
  const { sriov } = fakePlatform({ sysfs, clock });
  await sysfs.setVirtualFunctions(pf, 2);
  const never = expect(sriov.netdevs(vfs)).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    message: "no network device within 60 s: 0000:ca:02.0, 0000:ca:02.1; see the kernel's log for its driver",
  });
  await clock.advance(60_000);
  await never;
  const stop = new AbortController();
  const cancelled = expect(sriov.netdevs(vfs, { signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  stop.abort();
  await cancelled;
  await expect(sriov.netdevs(vfs, { signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(clock.sleeping).toBe(0);
});

test('settings are kept until the functions go', async () => {
  await using sysfs = await fakeSysfs(machine);
  const { sriov } = fakePlatform({ sysfs });
  await sysfs.setVirtualFunctions(pf, 2);
  await sriov.setVf(pf, 1, { trust: true });
  await sriov.setVf(pf, 1, { spoofCheck: false, vlan: { id: 3, qos: 0, protocol: '802.1q' } });
  await sriov.setBridgeMode(pf, 'vepa');
  expect(await sysfs.vfSettings(pf)).toEqual([
    {},
    { trust: true, spoofCheck: false, vlan: { id: 3, qos: 0, protocol: '802.1q' } },
  ]);
  expect(await sysfs.bridgeMode(pf)).toBe('vepa');
  await sysfs.setVirtualFunctions(pf, 1);
  expect(await sysfs.vfSettings(pf)).toEqual([{}]);
  await expect(sriov.setVf(pf, 1, { trust: true })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(sriov.setVf(vfs[0] ?? '', 0, {})).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: expect.stringContaining('0000:ca:02.0 has no network device'),
  });
});
