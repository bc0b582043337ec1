/** The SDK's netlink module against the real kernel, in namespaces made here. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  exec,
  type LinkChange,
  Netlink,
  NetworkNamespace,
  type PciChange,
  type VfSettings,
  watchAddresses,
  watchLinks,
  watchPci,
} from '@dpu-operator/sdk/linux';
import { execa } from 'execa';
import { afterAll, afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';

const prefix = `nl${process.pid % 100_000}`;
const directory = mkdtempSync(join(tmpdir(), 'netlink-'));
const open: { close(): void }[] = [];
const namespaces: string[] = [];
let serial = 0;
let netns: string;
let links: Netlink;

beforeEach(async () => {
  netns = await addNamespace();
  links = opened(new Netlink(netns));
});

afterEach(async () => {
  for (const one of open.splice(0)) one.close();
  for (const name of namespaces.splice(0)) await exec('ip', ['netns', 'del', name], { allowFailure: true });
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function opened<T extends { close(): void }>(one: T): T {
  open.push(one);
  return one;
}

async function addNamespace(): Promise<string> {
  serial += 1;
  const name = `${prefix}-${serial}`;
  await exec('ip', ['netns', 'add', name], { timeoutMs: 60_000 });
  namespaces.push(name);
  return `/var/run/netns/${name}`;
}

async function ip(path: string, command: string): Promise<string> {
  const { stdout } = await exec('ip', ['-n', path.slice('/var/run/netns/'.length), ...command.split(' ')]);
  return stdout;
}

async function indexOf(of: Netlink, name: string): Promise<number> {
  const link = await of.findLinkProperties(name);
  if (!link) throw new Error(`there is no ${name}`);
  return link.index;
}

const fileDescriptors = (): number => readdirSync('/proc/self/fd').length;

test('lookups that wait together each get their own answer, in order with changes', async () => {
  const names = Array.from({ length: 40 }, (_, index) => `l${index}`);
  for (const name of names.slice(1)) await links.createLink({ name, kind: 'veth', peer: { name: `${name}p` } });
  const first = links.findLinkProperties('lo');
  const found = names.map((name) => links.findLinkProperties(name));
  const made = links.createLink({ name: 'l0', kind: 'veth', peer: { name: 'l0p' } });
  const after = links.findLinkProperties('l0');
  expect((await first)?.name).toBe('lo');
  expect((await Promise.all(found)).map((link) => link?.name)).toEqual([undefined, ...names.slice(1)]);
  await made;
  expect((await after)?.name).toBe('l0');
  const closed = new Netlink(netns);
  closed.close();
  await expect(closed.findLinkProperties('lo')).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('a link is made, found, changed and deleted', async () => {
  await links.createLink({ name: 'one', kind: 'veth', peer: { name: 'two' }, mac: '02:00:00:00:00:01', mtu: 1400 });
  const one = await links.findLink('one');
  const two = await indexOf(links, 'two');
  expect(one).toMatchObject({ kind: 'veth', mac: '02:00:00:00:00:01', mtu: 1400, up: false, peer: { index: two } });
  expect(one?.linkNetnsId).toBeUndefined();
  await links.changeLink(two, { name: 'second', mac: '02:00:00:00:00:02', mtu: 1300, alias: 'ours', up: true });
  expect(await links.findLink(two)).toMatchObject({
    name: 'second',
    mac: '02:00:00:00:00:02',
    mtu: 1300,
    alias: 'ours',
    up: true,
    running: false,
  });
  await links.changeLink(await indexOf(links, 'one'), { up: true });
  expect(await links.findLink('one')).toMatchObject({ running: true });
  await links.deleteLink(two);
  expect((await links.listLinks()).map(({ name }) => name)).toEqual(['lo']);
});

test('one message moves, names, sets and raises a link, there and back', async () => {
  const other = await addNamespace();
  const there = opened(new Netlink(other));
  const target = opened(NetworkNamespace.open(other));
  const here = opened(NetworkNamespace.open(netns));
  await links.createLink({ name: 'vf0', kind: 'veth', peer: { name: 'rep0' } });
  await links.addAltNames(await indexOf(links, 'vf0'), ['enp1s0v0']);
  const mac = '02:00:00:00:00:07';
  const index = await indexOf(links, 'vf0');
  await links.changeLink(index, { name: 'net1', mac, mtu: 1400, up: true, netnsFd: target.fd });
  expect(await links.findLink('vf0')).toBeUndefined();
  const moved = await there.findLink('net1');
  const rep = await indexOf(links, 'rep0');
  expect(moved).toMatchObject({ mac, mtu: 1400, up: true, altNames: ['enp1s0v0'], peer: { index: rep } });
  expect(moved?.linkNetnsId).toBe(await there.netnsId(here.fd));
  expect((await there.findLink('enp1s0v0'))?.name).toBe('net1');
  await there.changeLink(index, { name: 'vf0', mtu: 1500, up: false, netnsFd: here.fd });
  expect(await links.findLink('vf0')).toMatchObject({ index, mtu: 1500, up: false });
});

test('a bridge has ports and forwarding entries', async () => {
  await links.createLink({ name: 'br', kind: 'bridge', up: true });
  await links.createLink({ name: 'port', kind: 'veth', peer: { name: 'other' }, up: true });
  const port = await indexOf(links, 'port');
  await links.changeLink(port, { master: await indexOf(links, 'br') });
  expect(await links.findLink('port')).toMatchObject({ masterName: 'br' });
  const entry = { port, mac: '02:00:00:00:00:09' };
  await links.setForwarding(entry);
  expect(await links.listForwarding()).toContainEqual(entry);
  await links.deleteForwarding(entry);
  expect(await links.listForwarding()).not.toContainEqual(entry);
  await links.changeLink(port, { master: 0 });
  expect((await links.findLink('port'))?.masterName).toBeUndefined();
});

test('addresses, routes and neighbours are what ip sees', async () => {
  await links.createLink({ name: 'net1', kind: 'bridge', up: true });
  const link = await indexOf(links, 'net1');
  await links.configure(
    link,
    ['10.9.0.2/24', 'fd00:9::2/64'],
    [
      { destination: '10.10.0.0/16', gateway: '10.9.0.1', metric: 5, mtu: 1300, advmss: 1200 },
      { destination: '10.11.0.0/16', table: 1000 },
      { destination: '0.0.0.0/0', gateway: '10.9.0.1' },
      { destination: '::/0', gateway: 'fd00:9::1' },
    ],
  );
  const { addresses = [] } = (await links.findLink('net1')) ?? {};
  expect(addresses).toContainEqual({ family: 'inet', address: '10.9.0.2', prefixLength: 24, scope: 'global' });
  expect(addresses).toContainEqual({ family: 'inet6', address: 'fd00:9::2', prefixLength: 64, scope: 'global' });
  // Usable at once.
  expect(await ip(netns, 'address show dev net1')).not.toContain('fd00:9::2/64 scope global tentative');
  const main = await ip(netns, 'route show');
  expect(main).toContain('10.10.0.0/16 via 10.9.0.1 dev net1 metric 5 mtu 1300 advmss 1200');
  expect(main).toContain('default via 10.9.0.1 dev net1');
  expect(await ip(netns, 'route show table 1000')).toContain('10.11.0.0/16 dev net1 scope link');
  expect(await ip(netns, '-6 route show')).toContain('default via fd00:9::1 dev net1');
  const routes = await links.listRoutes();
  expect(routes).toContainEqual({ destination: '10.11.0.0/16', link, table: 1000, scope: 253 });
  expect(routes).toContainEqual(
    expect.objectContaining({ destination: '10.10.0.0/16', gateway: '10.9.0.1', metric: 5, mtu: 1300, advmss: 1200 }),
  );
  await links.deleteRoute({ destination: '10.11.0.0/16', link, table: 1000 });
  expect(await ip(netns, 'route show table all')).not.toContain('10.11.0.0/16');
  const neighbour = { link, address: 'fd00:9::7', mac: '02:00:00:00:00:07' };
  await links.setNeighbour(neighbour);
  expect(await links.listNeighbours()).toContainEqual(neighbour);
  await links.deleteNeighbour(neighbour);
  expect(await links.listNeighbours()).not.toContainEqual(neighbour);
  await links.deleteAddress(link, '10.9.0.2/24');
  expect((await links.findLink('net1'))?.addresses.map(({ address }) => address)).not.toContain('10.9.0.2');
});

test('where the same route is there already, the earlier one wins', async () => {
  await links.createLink({ name: 'first', kind: 'bridge', up: true });
  await links.createLink({ name: 'second', kind: 'bridge', up: true });
  await links.addAddress(await indexOf(links, 'first'), '10.9.0.2/24');
  await links.addAddress(await indexOf(links, 'second'), '10.8.0.2/24');
  await links.appendRoute({ destination: '10.7.0.0/16', link: await indexOf(links, 'first') });
  await links.appendRoute({ destination: '10.7.0.0/16', link: await indexOf(links, 'second') });
  expect(await ip(netns, 'route get 10.7.0.1')).toContain('dev first');
});

test('a route with two ways is both of them', async () => {
  await links.createLink({ name: 'first', kind: 'bridge', up: true });
  await links.createLink({ name: 'second', kind: 'bridge', up: true });
  const destination = '::/0';
  const ways = [];
  for (const [name, network] of Object.entries({ first: 'fd00:9', second: 'fd00:8' })) {
    const link = await indexOf(links, name);
    await links.addAddress(link, `${network}::2/64`);
    await links.appendRoute({ destination, link, gateway: `${network}::1` });
    ways.push(expect.objectContaining({ destination, link, gateway: `${network}::1` }));
  }
  // The kernel has made one of what two interfaces of a pod ask for.
  expect(await ip(netns, '-6 route show default')).toMatch(/nexthop.*nexthop/s);
  const routes = (await links.listRoutes()).filter((route) => route.destination === destination);
  expect(routes).toHaveLength(2);
  expect(routes).toEqual(expect.arrayContaining(ways));
});

test('IPv6 is enabled on one link of a namespace that has it disabled', async () => {
  const path = '/proc/sys/net/ipv6/conf';
  await execa('nsenter', [`--net=${netns}`, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1']);
  await execa('nsenter', [`--net=${netns}`, 'sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1']);
  await links.createLink({ name: 'net1', kind: 'bridge', up: true });
  await links.createLink({ name: 'net2', kind: 'bridge', up: true });
  const link = await indexOf(links, 'net1');
  await expect(links.addAddress(link, 'fd00:9::2/64')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  links.enableIpv6('net1');
  await links.addAddress(link, 'fd00:9::2/64');
  const disabled = await execa('nsenter', [
    `--net=${netns}`,
    'cat',
    `${path}/net1/disable_ipv6`,
    `${path}/net2/disable_ipv6`,
  ]);
  expect(disabled.stdout).toBe('0\n1');
});

test('a neighbour that knew the address elsewhere sends to the new MAC at once', async () => {
  const other = await addNamespace();
  const there = opened(new Netlink(other));
  const target = opened(NetworkNamespace.open(other));
  await links.createLink({ name: 'net1', kind: 'veth', peer: { name: 'peer' }, mac: '02:00:00:00:00:01', up: true });
  await links.changeLink(await indexOf(links, 'peer'), { up: true, netnsFd: target.fd });
  const peer = await indexOf(there, 'peer');
  await there.addAddress(peer, '10.9.0.1/24');
  await there.addAddress(peer, 'fd00:9::1/64');
  const known = ['10.9.0.2', 'fd00:9::2'];
  // As they look after traffic with the pod that had them before.
  for (const address of known) await ip(other, `neigh replace ${address} lladdr 02:00:00:00:00:99 dev peer nud stale`);
  links.announce(await indexOf(links, 'net1'), '02:00:00:00:00:01', known);
  await expect
    .poll(async () => (await there.listNeighbours()).filter(({ address }) => known.includes(address)), { interval: 5 })
    .toEqual(known.map((address) => ({ link: peer, address, mac: '02:00:00:00:00:01' })));
});

test.each<[string, string, (index: number) => Promise<unknown>]>([
  ['a link that is not there', 'NOT_FOUND', () => links.changeLink(9_999, { up: true })],
  ['a name in use', 'ALREADY_EXISTS', (index) => links.changeLink(index, { name: 'lo' })],
  [
    'a name of 15 characters and 30 bytes',
    'INVALID_ARGUMENT',
    (index) => links.changeLink(index, { name: 'é'.repeat(15) }),
  ],
  ['a name that is a pattern', 'INVALID_ARGUMENT', (index) => links.changeLink(index, { name: 'eth%d' })],
  ['a name with NUL', 'INVALID_ARGUMENT', (index) => links.changeLink(index, { name: 'net1\0x' })],
  ['a MAC that is none', 'INVALID_ARGUMENT', (index) => links.changeLink(index, { mac: '02:00' })],
  ['an MTU that the driver refuses', 'INVALID_ARGUMENT', (index) => links.changeLink(index, { mtu: 5 })],
  [
    'an address that is there',
    'ALREADY_EXISTS',
    async (index) => {
      await links.addAddress(index, '10.9.0.2/24');
      await links.addAddress(index, '10.9.0.2/24');
    },
  ],
  ['an address that is none', 'INVALID_ARGUMENT', (index) => links.addAddress(index, '10.9.0.2/33')],
  [
    'a gateway out of reach',
    'FAILED_PRECONDITION',
    (index) => links.appendRoute({ destination: '10.7.0.0/16', gateway: '192.0.2.1', link: index }),
  ],
  ['a VF of a link without VFs', 'UNIMPLEMENTED', (index) => links.setVf(index, 0, { trust: true })],
])('%s is %s, and the next request is served', async (_what, code, request) => {
  await links.createLink({ name: 'net1', kind: 'bridge', up: true });
  await expect(request(await indexOf(links, 'net1'))).rejects.toMatchObject({ code });
  expect(await links.findLink('net1')).toMatchObject({ name: 'net1', up: true });
});

test('VF settings reach a driver and are read back, 802.1ad among them', async ({ skip }) => {
  const bus = '/sys/bus/netdevsim';
  if (!existsSync(bus)) skip('this kernel has no netdevsim; the bytes are tested in vf.test.ts');
  writeFileSync(`${bus}/new_device`, '977 1');
  onTestFinished(() => writeFileSync(`${bus}/del_device`, '977'));
  writeFileSync(`${bus}/devices/netdevsim977/sriov_numvfs`, '2');
  const [pf = ''] = readdirSync(`${bus}/devices/netdevsim977/net`);
  const here = opened(new Netlink());
  const settings: VfSettings = {
    mac: '02:00:00:00:00:09',
    vlan: { id: 5, qos: 1, protocol: '802.1ad' },
    minTxRate: 10,
    maxTxRate: 100,
    spoofCheck: true,
    trust: true,
    linkState: 'enable',
  };
  await here.setVf(pf, 1, settings);
  expect((await here.listVfs(pf)).find(({ number }) => number === 1)).toEqual({ number: 1, ...settings });
});

test.each([['no-such'], [9_999], [0]])('there is no link %s', async (link) => {
  expect(await links.findLinkProperties(link)).toBeUndefined();
  expect(await links.findLink(link)).toBeUndefined();
});

test('the kernel’s own words are in an error', async () => {
  await links.createLink({ name: 'net1', kind: 'bridge' });
  await expect(links.changeLink(await indexOf(links, 'net1'), { mtu: 5 })).rejects.toThrow(
    /mtu less than device minimum/,
  );
});

test('names and addresses of many links come whole', async () => {
  const names = Array.from({ length: 80 }, (_, number) => `d${number}`);
  await Promise.all(names.map((name) => links.createLink({ name, kind: 'bridge', up: true })));
  const found = await links.listLinks();
  expect(found.map(({ name }) => name).sort()).toEqual(['lo', ...names].sort());
});

test('requests of many callers at once are each answered', async () => {
  const names = Array.from({ length: 20 }, (_, number) => `d${number}`);
  for (const name of names) {
    await links.createLink({ name, kind: 'bridge' });
    await links.changeLink(await indexOf(links, name), { alias: `of ${name}` });
  }
  const answers = await Promise.allSettled(
    names.flatMap((name) => [links.findLink(name), links.findLink(`${name}x`), links.changeLink(9_999, { up: true })]),
  );
  const summary = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value?.alias : 'refused'));
  expect(summary).toEqual(names.flatMap((name) => [`of ${name}`, undefined, 'refused']));
});

test.each([
  ['nothing', () => '/var/run/netns/no-such', 'NOT_FOUND'],
  ['a plain file, as is left of a namespace', () => plainFile(), 'NOT_FOUND'],
  ['a FIFO', () => fifo(), 'NOT_FOUND'],
  ['a directory', () => directory, 'NOT_FOUND'],
  ['a namespace of another kind', () => '/proc/self/ns/uts', 'INVALID_ARGUMENT'],
  ['a path with NUL', () => '/var/run/netns/a\0b', 'INVALID_ARGUMENT'],
  ['a path that is too long', () => `/${'a'.repeat(5_000)}`, 'INVALID_ARGUMENT'],
])('%s is no network namespace', async (_what, path, code) => {
  const before = fileDescriptors();
  const wrong = await path();
  expect(() => new Netlink(wrong)).toThrow(expect.objectContaining({ code }));
  expect(fileDescriptors()).toBe(before);
});

function plainFile(): string {
  writeFileSync(join(directory, 'file'), '');
  return join(directory, 'file');
}

async function fifo(): Promise<string> {
  await execa('mkfifo', [join(directory, 'fifo')]);
  return join(directory, 'fifo');
}

test('a hundred namespaces leave no file descriptor and no thread in them', async () => {
  const before = fileDescriptors();
  const paths = await Promise.all(Array.from({ length: 100 }, addNamespace));
  await Promise.all(
    paths.map(async (path) => {
      const inside = new Netlink(path);
      await inside.createLink({ name: 'net1', kind: 'bridge' });
      inside.enableIpv6('net1');
      inside.close();
    }),
  );
  await expect.poll(fileDescriptors, { interval: 5 }).toBe(before);
  const threads = readdirSync('/proc/self/task').map((thread) => readlinkSync(`/proc/self/task/${thread}/ns/net`));
  expect(new Set(threads)).toEqual(new Set([readlinkSync('/proc/self/ns/net')]));
});

test('a namespace that vanishes meanwhile is worked in to the end, or not found', async () => {
  const name = netns.slice('/var/run/netns/'.length);
  const work = links.createLink({ name: 'net1', kind: 'bridge' });
  await exec('ip', ['netns', 'del', name]);
  await work;
  // The open socket holds the namespace; its path is gone.
  expect(await links.findLink('net1')).toBeDefined();
  expect(() => new Netlink(netns)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
});

test('without a file descriptor a request fails, and the process goes on', async () => {
  const { stdout } = await execa(
    'node',
    ['--conditions=source', join(import.meta.dirname, 'netlink-emfile.ts'), netns],
    {
      preferLocal: true,
    },
  );
  expect(stdout.split('\n')).toEqual(['RESOURCE_EXHAUSTED', 'RESOURCE_EXHAUSTED', 'lo']);
});

function watched(path: string) {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const changes: LinkChange[] = [];
  const restarts: string[] = [];
  watchLinks((change) => changes.push(change), {
    signal: stop.signal,
    netns: path,
    onRestart: (reason) => restarts.push(reason),
  });
  return { changes, restarts, stop };
}

test('link events tell what came, changed, moved and went', async () => {
  const other = await addNamespace();
  const target = opened(NetworkNamespace.open(other));
  const { changes } = watched(netns);
  await links.createLink({ name: 'one', kind: 'veth', peer: { name: 'two' } });
  await links.createLink({ name: 'br', kind: 'bridge' });
  const two = await indexOf(links, 'two');
  await links.changeLink(two, { master: await indexOf(links, 'br') });
  await links.changeLink(two, { master: 0 });
  await expect.poll(() => changes.filter(({ name }) => name === 'two').length, { interval: 5 }).toBeGreaterThan(1);
  // A port that left its bridge is still there.
  expect(changes.filter(({ deleted }) => deleted)).toEqual([]);
  const one = await indexOf(links, 'one');
  await links.changeLink(one, { netnsFd: target.fd });
  await expect
    .poll(() => changes, { interval: 5 })
    .toContainEqual({ name: 'one', index: one, kind: 'veth', deleted: true, movedAway: true });
  await links.deleteLink(two);
  await expect
    .poll(() => changes, { interval: 5 })
    .toContainEqual({ name: 'two', index: two, kind: 'veth', deleted: true, movedAway: false });
});

test('address events tell what is given, and what goes with its link', async () => {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const changes: string[] = [];
  watchAddresses(
    ({ address, prefixLength, index, deleted }) => {
      changes.push(`${deleted ? '-' : '+'}${index} ${address}/${prefixLength}`);
    },
    { signal: stop.signal, netns },
  );
  await links.createLink({ name: 'addressed', kind: 'bridge' });
  const index = await indexOf(links, 'addressed');
  await links.addAddress(index, '10.9.0.1/24');
  await links.addAddress(index, 'fd00::1/64');
  const own = () => changes.filter((text) => !text.includes('fe80'));
  // The kernel tells of an IPv6 address behind the answer, and not at all where it has gone by then.
  await expect.poll(own, { interval: 5 }).toEqual([`+${index} 10.9.0.1/24`, `+${index} fd00::1/64`]);
  await links.deleteAddress(index, 'fd00::1/64');
  await links.deleteLink(index);
  await expect
    .poll(own, { interval: 5 })
    .toEqual([`+${index} 10.9.0.1/24`, `+${index} fd00::1/64`, `-${index} fd00::1/64`, `-${index} 10.9.0.1/24`]);
});

test('a burst of events is seen whole', async () => {
  const { changes, restarts } = watched(netns);
  const commands = Array.from({ length: 100 }, (_, number) => `link add d${number} type bridge`);
  await exec('ip', ['-n', netns.slice('/var/run/netns/'.length), '-batch', '-'], { input: commands.join('\n') });
  await expect.poll(() => new Set(changes.map(({ name }) => name)).size, { interval: 5 }).toBe(100);
  expect(restarts).toEqual([]);
});

test('where the kernel had more events than fit, the caller is told to look', async () => {
  const name = netns.slice('/var/run/netns/'.length);
  const run = (commands: string[]) =>
    spawnSync('ip', ['-n', name, '-batch', '-'], { input: commands.join('\n') }).status;
  expect(run(Array.from({ length: 80 }, (_, number) => `link add d${number} type bridge`))).toBe(0);
  const { changes, restarts } = watched(netns);
  // While this process does not read. One command changes all links, and there is an event of each.
  expect(run(Array.from({ length: 150 }, (_, number) => `link set group default mtu ${1400 + number}`))).toBe(0);
  await expect.poll(() => restarts, { interval: 5 }).toEqual([expect.stringContaining('more changes than fit')]);
  await links.createLink({ name: 'after', kind: 'bridge' });
  await expect.poll(() => changes.some((change) => change.name === 'after'), { interval: 5 }).toBe(true);
});

test('a watch ends with its signal and leaves no file descriptor', async () => {
  const before = fileDescriptors();
  const { changes, stop } = watched(netns);
  stop.abort();
  await expect.poll(fileDescriptors, { interval: 5 }).toBe(before);
  await links.createLink({ name: 'net1', kind: 'bridge' });
  expect(changes).toEqual([]);
});

test('a namespace that cannot be watched yet is tried again, and the caller told', async () => {
  const path = `/var/run/netns/${prefix}-late`;
  const { changes, restarts } = watched(path);
  await expect.poll(() => restarts.length).toBeGreaterThan(0);
  await exec('ip', ['netns', 'add', `${prefix}-late`]);
  namespaces.push(`${prefix}-late`);
  const late = opened(new Netlink(path));
  await late.createLink({ name: 'net1', kind: 'bridge' });
  const net1 = await indexOf(late, 'net1');
  // The caller is told of each try, also of one that failed: until one succeeds, changes are not seen.
  let mtu = 1300;
  const seesChange = async () => {
    await late.changeLink(net1, { mtu: mtu++ });
    return changes.some(({ name }) => name === 'net1');
  };
  await expect.poll(seesChange, { interval: 50 }).toBe(true);
});

const [anyFunction] = existsSync('/sys/bus/pci/devices') ? readdirSync('/sys/bus/pci/devices') : [];

// A machine without a PCI bus has nothing to tell of.
test.skipIf(anyFunction === undefined)('the kernel tells of a PCI function that it adds', async () => {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const changes: PciChange[] = [];
  watchPci((change) => changes.push(change), { signal: stop.signal });
  // As `udevadm trigger` asks for it (Documentation/ABI/testing/sysfs-uevent): the function stays as it is.
  writeFileSync(`/sys/bus/pci/devices/${anyFunction}/uevent`, 'add');
  await vi.waitFor(() => expect(changes).toContainEqual({ address: anyFunction, removed: false }));
});
