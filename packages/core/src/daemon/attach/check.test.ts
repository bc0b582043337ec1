import { beforeEach, expect, test } from 'vitest';
import { checkAttachment, wantedOf } from './check.ts';
import { namespaceId } from './link/namespace.ts';
import { type CniResult, previousResult } from './result.ts';
import { attachmentOf } from './testing/attachment.ts';
import { ModelledKernel } from './testing/modelled-kernel.ts';

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

const netns = '/proc/self/ns/net';
const made: CniResult = {
  cniVersion: '1.0.0',
  interfaces: [{ name: 'net1', mac: '02:00:00:00:00:03', sandbox: netns }],
  ips: [],
  routes: [{ dst: '10.1.0.0/16' }, { dst: 'fd00:1::5/64', gw: 'fd00::0:1' }],
  dns: {},
};
const ways = [
  { destination: '10.1.0.0/16', gateway: '10.0.0.1', link: 7 },
  { destination: 'fd00:1::/64', gateway: 'fd00::1', link: 7 },
];

let kernel: ModelledKernel;
beforeEach(() => {
  kernel = new ModelledKernel();
  kernel.add({ name: 'net1', identity: { ifindex: 7 }, mac: '02:00:00:00:00:03', netns, up: true });
});

async function check(prevResult: Partial<CniResult> = {}): Promise<void> {
  const record = attachmentOf({ netns, netnsId: (await namespaceId(netns)) ?? '', result: made });
  await checkAttachment(record, { ...record, prevResult: { ...made, ...prevResult } }, kernel);
}

test('routes are as ADD made them, however they are spelled and whatever table and link they are in by now', async () => {
  kernel.routesOfPod = ways;
  await check();
  kernel.routesOfPod = ways.map((way) => ({ ...way, link: 2, table: 100 }));
  await check();
});

test.each([
  ['a route that is missing', ways.slice(0, 1), 'fd00:1::5/64'],
  ['one by another gateway', [...ways.slice(0, 1), { ...ways[1], gateway: 'fd00::2' }], 'fd00:1::5/64'],
  ['one to a part of its destination', [{ ...ways[0], destination: '10.1.0.0/24' }, ...ways.slice(1)], '10.1.0.0/16'],
  ['one to another destination', [{ ...ways[0], destination: '10.2.0.0/16' }, ...ways.slice(1)], '10.1.0.0/16'],
])('%s is told', async (_what, routes, told) => {
  kernel.routesOfPod = routes as typeof ways;
  await expect(check()).rejects.toMatchObject({
    code: 103,
    message: expect.stringContaining(`route ${told} is missing`),
  });
});

test('an address may be spelled otherwise, and is told when it is missing', async () => {
  const ips = (address: string) => ({ ips: [{ address, interface: 0 }], routes: [] });
  kernel.addressesOfPod = [{ family: 'inet6', address: 'fd00:9::2', prefixLength: 64, scope: 'global' }];
  await check(ips('fd00:9:0:0::2/64'));
  await expect(check(ips('fd00:9::3/64'))).rejects.toThrow('address fd00:9::3/64 is missing');
});

test('routes of other plugins, and what one behind took from the result, are not looked for', async () => {
  await check({ routes: [{ dst: '192.168.0.0/16' }] });
});
