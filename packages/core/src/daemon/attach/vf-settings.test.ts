import type { Exec } from '@dpu-operator/sdk/linux';
import { expect, test } from 'vitest';
import type { HostDevice } from './devices.ts';
import { parseNetworkConfig } from './network-config.ts';
import { applySettings, readSettings, wantedSettings } from './vf-settings.ts';

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

test('settings go through the physical function, and what was there before is read first', async () => {
  const calls: string[] = [];
  // The shape that `ip -json link show` prints for VFs; this machine's devices have none.
  const listing = [
    {
      ifname: 'eth0',
      vfinfo_list: [
        { vf: 2, address: '02:00:00:00:00:02' },
        {
          vf: 3,
          address: '02:00:00:00:00:03',
          vlan_list: [{ vlan: 7, qos: 2 }],
          rate: { max_tx: 100, min_tx: 10 },
          spoofchk: true,
          trust: false,
          link_state: 'auto',
        },
      ],
    },
  ];
  const exec: Exec = async (file, args) => {
    calls.push([file, ...args].join(' '));
    return { stdout: args.includes('-json') ? JSON.stringify(listing) : '', stderr: '', exitCode: 0 };
  };
  const network = config({ vlan: 5, vlanQoS: 1, vlanProto: '802.1AD', max_tx_rate: 50, spoofchk: 'off', trust: 'on' });
  const wanted = wantedSettings(network, '02:00:00:00:00:09', vf);
  if (!wanted) throw new Error('nothing wanted');
  const before = await readSettings(exec, 'eth0', 3, wanted);
  await applySettings(exec, 'eth0', 3, wanted);
  await applySettings(exec, 'eth0', 3, before);
  expect(calls.slice(1)).toEqual([
    'ip link set dev eth0 vf 3 mac 02:00:00:00:00:09 vlan 5 qos 1 proto 802.1ad max_tx_rate 50 spoofchk off trust on',
    'ip link set dev eth0 vf 3 mac 02:00:00:00:00:03 vlan 7 qos 2 proto 802.1Q max_tx_rate 100 spoofchk on trust off',
  ]);
});
