import { expect, test } from 'vitest';
import { wantedOf } from './check.ts';
import { previousResult } from './result.ts';

const wanted = (json: unknown) => wantedOf(previousResult.parse(json), 'net1');
const ours = { name: 'net1', mac: '02:00:00:00:00:01', sandbox: '/run/netns/a' };

test('of a list’s result only what is of our interface counts', () => {
  const interfaces = [{ name: 'net1' }, { name: 'eth0', mac: '02:00:00:00:00:09', sandbox: '/run/netns/a' }, ours];
  const ips = [
    { address: '192.168.0.2/24', interface: 1 },
    { address: '10.0.0.2/24', interface: 2 },
    { address: '10.0.0.3/24' },
  ];
  expect(wanted({ interfaces, ips })).toEqual({ mac: ours.mac, addresses: ['10.0.0.2/24', '10.0.0.3/24'] });
});

test('a result without interfaces says its addresses only', () => {
  expect(wanted({ ip4: { ip: '10.0.0.2/24' } })).toEqual({ mac: '', addresses: ['10.0.0.2/24'] });
  expect(wanted({})).toEqual({ mac: '', addresses: [] });
});

test('a result that names other interfaces only is not ours', () => {
  expect(wanted({ interfaces: [{ name: 'eth0', sandbox: '/run/netns/a' }] })).toBeUndefined();
  expect(wanted({ interfaces: [{ name: 'net1', sandbox: '' }] })).toBeUndefined();
});
