import type { Vf, VfSettings } from '@dpu-operator/sdk/linux';
import { expect, test } from 'vitest';
import { parseNetworkConfig } from '../network-config.ts';
import type { HostDevice } from './devices.ts';
import { PhysicalFunctions, wantedSettings } from './vf-settings.ts';

const vf: HostDevice = {
  name: 'eth0v3',
  mac: '02:00:00:00:00:03',
  mtu: 1500,
  physicalFunction: { netdev: 'eth0', vf: 3 },
};
const config = (more: object) => parseNetworkConfig({ name: 'net', ...more });

test('a device without a physical function refuses settings, naming the first', () => {
  const { physicalFunction: _, ...plain } = vf;
  expect(() => wantedSettings(config({ trust: 'on' }), undefined, plain)).toThrow(/trust cannot be set: eth0v3 is not/);
  expect(wantedSettings(config({}), '02:00:00:00:00:09', plain)).toBeUndefined();
});

test('an unchanged device is not asked about', () => {
  expect(wantedSettings(config({}), undefined, vf)).toBeUndefined();
  expect(() => wantedSettings(config({ vlanQoS: 3 }), undefined, vf)).toThrow('need vlan');
});

test.each([
  { vlan: 4095 },
  { vlanQoS: 8 },
  { vlanProto: '802.2' },
  { spoofchk: 'yes' },
  { link_state: 'up' },
  { min_tx_rate: -1 },
  { mac: '01:00:00:00:00:01' },
])('%j is refused by name', (field) => {
  expect(() => config(field)).toThrow(Object.keys(field)[0]);
});

/** A PF that remembers what it was told; this machine's devices have no VFs. */
function fakePf(vfs: Vf[]) {
  const calls: VfSettings[] = [];
  const functions = new PhysicalFunctions(() => ({
    listVfs: async () => vfs,
    setVf: async (_pf, _vf, settings) => void calls.push(settings),
    close: () => {},
  }));
  return { functions, calls };
}

const reported: Vf = {
  number: 3,
  mac: '02:00:00:00:00:03',
  vlan: { id: 7, qos: 2, protocol: '802.1ad' },
  minTxRate: 10,
  maxTxRate: 100,
  spoofCheck: true,
  trust: false,
  linkState: 'auto',
};

test('settings go through the physical function, and what was there before comes back, 802.1ad too', async () => {
  const { functions, calls } = fakePf([{ number: 2 }, reported]);
  const network = config({ vlan: 5, vlanQoS: 1, vlanProto: '802.1Q', max_tx_rate: 50, spoofchk: 'off', trust: 'on' });
  const wanted = wantedSettings(network, '02:00:00:00:00:09', vf);
  if (!wanted) throw new Error('nothing wanted');
  const before = await functions.read('eth0', 3, wanted);
  await functions.apply('eth0', 3, wanted);
  await functions.apply('eth0', 3, before);
  const vlan = { id: 5, qos: 1, protocol: '802.1q' };
  expect(calls).toEqual([
    { mac: '02:00:00:00:00:09', vlan, minTxRate: 10, maxTxRate: 50, spoofCheck: false, trust: true },
    { mac: reported.mac, vlan: reported.vlan, minTxRate: 10, maxTxRate: 100, spoofCheck: true, trust: false },
  ]);
});

test('no VLAN before is no VLAN afterwards, whatever the driver says of its protocol', async () => {
  const { functions, calls } = fakePf([{ ...reported, vlan: { id: 0, qos: 0, protocol: '802.1ad' } }]);
  const before = await functions.read('eth0', 3, { vlan: 5 });
  await functions.apply('eth0', 3, before);
  expect(calls).toEqual([{ vlan: { id: 0, qos: 0, protocol: '802.1q' } }]);
});

test('nothing to set is nothing said', async () => {
  const { functions, calls } = fakePf([reported]);
  await functions.apply('eth0', 3, {});
  expect(calls).toEqual([]);
});

test('a VF that the driver does not list is named', async () => {
  const { functions } = fakePf([reported]);
  await expect(functions.read('eth0', 4, { trust: 'on' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('eth0 lists no VF 4'),
  });
});
