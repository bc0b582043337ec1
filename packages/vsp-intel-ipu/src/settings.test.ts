import { validateSettings } from '@dpu-operator/sdk/settings';
import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { checkSettings, type Settings } from './settings.ts';

const check = (settings: object, side: 'host' | 'dpu' = 'dpu') =>
  checkSettings(validateSettings(packageJson.dpu.settings, settings) as Settings, side);

test('the defaults are right on both sides', () => {
  check({}, 'host');
  check({}, 'dpu');
  check({ bridge: 'ovs', ovsDatabase: '/host/run/openvswitch/db.sock' });
});

test.each<[object, string]>([
  [{ channel: { hostAddress: '192.168.1.256' } }, 'settings.channel.hostAddress: must match format "ipv4"'],
  [{ channel: { hostAddress: 'fe80::1' } }, 'settings.channel.hostAddress: must match'],
  [{ channel: { dpuAddress: '192.168.1.1' } }, 'settings.channel.dpuAddress: 192.168.1.1 is channel.hostAddress, too'],
  [
    { channel: { dpuAddress: '192.168.2.2' } },
    'settings.channel.dpuAddress: 192.168.2.2 is not in 192.168.1.0/24 as channel.hostAddress is',
  ],
  [
    { channel: { hostAddress: '192.168.1.0' } },
    'settings.channel.hostAddress: 192.168.1.0 is that of a whole network of 24 bits',
  ],
  [{ channel: { port: 0 } }, 'settings.channel.port: must be >= 1'],
  [{ channel: { interface: 'a b' } }, 'settings.channel.interface: must match'],
  [{ channel: { interface: 'enp0s1f0d4' } }, 'settings.channel.interface: enp0s1f0d4 is in uplink.secondary already'],
  [{ p4runtime: { address: '127.0.0.1' } }, 'settings.p4runtime.address: must match'],
  [{ p4runtime: { address: 'p4:70000' } }, 'settings.p4runtime.address: 70000 is no TCP port'],
  [{ p4runtime: { deviceId: -1 } }, 'settings.p4runtime.deviceId: must be >= 0'],
  [{ p4runtime: { electionId: 0 } }, 'settings.p4runtime.electionId: must be >= 1'],
  [{ imc: { host: 'a b' } }, 'settings.imc.host: must match'],
  [{ imc: { port: 65_536 } }, 'settings.imc.port: must be <= 65535'],
  [{ imc: { username: '' } }, 'settings.imc.username: must NOT have fewer than 1 characters'],
  [{ imc: { hostKey: 'MD5:00' } }, 'settings.imc.hostKey: must match'],
  [{ representors: { hosts: ['..'] } }, 'settings.representors.hosts[0]: must match'],
  [{ representors: { hosts: ['d6', 'd6'] } }, 'settings.representors.hosts: d6 is in representors.hosts already'],
  [{ representors: { functions: [['d9']] } }, 'settings.representors.functions[0]: must NOT have fewer than 2 items'],
  [{ functionDevices: ['enp0s1f0d9'] }, 'settings.functionDevices: enp0s1f0d9 is in representors.functions already'],
  [{ functionDevices: ['br-ipu-out'] }, 'settings.functionDevices: br-ipu-out is the name of a bridge'],
  [{ uplink: { primary: 'sixteen-letters-' } }, 'settings.uplink.primary: must match'],
  [{ uplink: { secondary: 'eth%d' } }, 'settings.uplink.secondary: must match'],
  [{ uplink: { ownNetwork: 'yes' } }, 'settings.uplink.ownNetwork: must be boolean'],
  [{ bridge: 'bpf' }, 'settings.bridge: must be equal to one of the allowed values (linux, ovs)'],
  [{ bridge: 'ovs', ovsDatabase: 'db.sock' }, 'settings.ovsDatabase: must match'],
  [{ ovsDatabase: '/db.sock' }, 'settings.ovsDatabase: is of no use with bridge linux'],
  [{ vsiFromMac: 1 }, 'settings.vsiFromMac: must be boolean'],
])('%j is refused by its name', (settings, message) => {
  expect(() => check(settings)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
  );
});

test('the host has no use for the names of the ACC’s interfaces', () => {
  check({ channel: { interface: 'enp0s1f0d4' } }, 'host');
});
