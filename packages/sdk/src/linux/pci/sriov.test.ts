import { expect, test } from 'vitest';
import { fakeClock, fakeSysfs } from '../../testing/index.ts';
import { type PfDriver, Sriov } from './sriov.ts';

test('a driver is told only what it does not report to be so', async () => {
  const pf = '0000:01:00.0';
  await using sysfs = await fakeSysfs({
    pci: [{ address: pf, vendor: '8086', device: '1599', netdevs: [{ name: 'eth0' }] }],
  });
  const told: unknown[] = [];
  const driver: PfDriver = {
    listVfs: async () => [{ number: 3, spoofCheck: true, vlan: { id: 5, qos: 0, protocol: '802.1q' } }],
    setVf: async (...all) => void told.push(all),
    setBridgeMode: async (...all) => void told.push(all),
  };
  const sriov = new Sriov({ sysfs, clock: fakeClock(), driver });
  const vlan = { id: 5, qos: 0, protocol: '802.1q' } as const;
  await sriov.setVf(pf, 3, { vlan, spoofCheck: true });
  expect(told).toEqual([]);
  await sriov.setVf(pf, 3, { vlan, spoofCheck: false, trust: true });
  await sriov.setBridgeMode(pf, 'vepa');
  expect(told).toEqual([
    ['eth0', 3, { spoofCheck: false, trust: true }],
    ['eth0', 'vepa'],
  ]);
});
