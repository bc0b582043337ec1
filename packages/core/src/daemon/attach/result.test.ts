import { expect, test } from 'vitest';
import { parseNetworkConfig } from './network-config.ts';
import { resultOf } from './result.ts';

const attached = {
  name: 'net1',
  mac: '02:00:00:00:00:01',
  mtu: 1400,
  sandbox: '/run/netns/a',
  pciAddress: '0000:01:00.1',
};
const ipam = { ips: [{ address: '10.0.0.2/24' }], routes: [{ dst: '10.1.0.0/16' }], dns: { domain: 'ipam' } };

test('what the plugins before made is kept, and ours is behind it', () => {
  const config = parseNetworkConfig({
    cniVersion: '1.1.0',
    name: 'net',
    prevResult: {
      interfaces: [
        { name: 'br0' },
        { name: 'eth0', mac: '02:00:00:00:00:09', sandbox: '/run/netns/a', socketPath: '/s' },
      ],
      ips: [{ address: '192.168.0.2/24', interface: 1 }],
      routes: [{ dst: '0.0.0.0/0', gw: '192.168.0.1' }],
      dns: { nameservers: ['192.168.0.53'] },
    },
  });
  expect(resultOf(config, attached, ipam)).toEqual({
    cniVersion: '1.1.0',
    interfaces: [
      { name: 'br0', mac: '', sandbox: '' },
      { name: 'eth0', mac: '02:00:00:00:00:09', sandbox: '/run/netns/a', socketPath: '/s' },
      { name: 'net1', mac: '02:00:00:00:00:01', sandbox: '/run/netns/a', mtu: 1400, pciID: '0000:01:00.1' },
    ],
    ips: [
      { address: '192.168.0.2/24', interface: 1 },
      { address: '10.0.0.2/24', interface: 2 },
    ],
    routes: [{ dst: '0.0.0.0/0', gw: '192.168.0.1' }, { dst: '10.1.0.0/16' }],
    dns: { domain: 'ipam' },
  });
});

test('the network’s dns goes before the IPAM plugin’s, that before what was there; an empty one is none', () => {
  const dnsOf = (config: object, withIpam = true) =>
    resultOf(parseNetworkConfig({ name: 'net', ...config }), attached, withIpam ? ipam : undefined).dns;
  const prevResult = { dns: { nameservers: ['10.0.0.53'] } };
  expect(dnsOf({ dns: { search: ['net'] }, prevResult })).toEqual({ search: ['net'] });
  expect(dnsOf({ dns: { nameservers: [], domain: '' }, prevResult })).toEqual({ domain: 'ipam' });
  expect(dnsOf({ prevResult }, false)).toEqual({ nameservers: ['10.0.0.53'] });
  expect(dnsOf({ prevResult: null }, false)).toEqual({});
});
