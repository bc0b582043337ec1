import { expect, it } from 'vitest';
import { networkStatus } from './network-status.ts';

const network = { name: 'n', cniVersion: '1.0.0', plugins: [] };

it('tells name, interface, addresses and MAC of each network, and which is the default', () => {
  const result = (ifname: string, address: string) => ({
    interfaces: [{ name: 'veth0' }, { name: ifname, mac: `02::${ifname}`, sandbox: '/var/run/netns/x' }],
    ips: [
      { interface: 1, address },
      { interface: 0, address: '10.9.9.9/32' },
    ],
  });
  const status = networkStatus([
    { label: 'ptp', ifname: 'eth0', cniArgs: '', network, result: result('eth0', '10.244.1.5/24') },
    { label: 'team/net', ifname: 'net1', cniArgs: '', network, result: result('net1', '10.1.1.2/24') },
    { label: 'team/nf', ifname: 'net2', cniArgs: '', network, result: undefined },
  ]);
  expect(JSON.parse(status)).toEqual([
    { name: 'ptp', interface: 'eth0', ips: ['10.244.1.5'], mac: '02::eth0', default: true, dns: {} },
    { name: 'team/net', interface: 'net1', ips: ['10.1.1.2'], mac: '02::net1', dns: {} },
    { name: 'team/nf', interface: 'net2', dns: {} },
  ]);
});
