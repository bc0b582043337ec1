/** Devices in and out of pods on the real kernel, with pods that rename, replace and hide them. */
import { PodLinks } from '@dpu-operator/core/daemon/attach';
import { exec, Netlink } from '@dpu-operator/sdk/linux';
import { afterEach, beforeEach, expect, test } from 'vitest';

const prefix = `pl${process.pid % 10_000}`;
const home = { name: `${prefix}v`, mac: '02:00:00:00:00:03', mtu: 1500 };
const peer = `${prefix}p`;
const namespaces: string[] = [];
let serial = 0;
let netns: string;
let links: PodLinks;
let here: Netlink;

beforeEach(async () => {
  serial += 1;
  links = new PodLinks();
  here = new Netlink();
  netns = await addNamespace(`${prefix}-${serial}`);
  await here.createLink({ name: home.name, kind: 'veth', peer: { name: peer }, mac: home.mac });
});

afterEach(async () => {
  links.close();
  here.close();
  for (const name of namespaces.splice(0)) await exec('ip', ['netns', 'del', name], { allowFailure: true });
  await exec('ip', ['link', 'del', peer], { allowFailure: true });
});

async function addNamespace(name: string): Promise<string> {
  await exec('ip', ['netns', 'add', name]);
  namespaces.push(name);
  return `/var/run/netns/${name}`;
}

/** What a privileged pod does with iproute2. */
async function inPod(...commands: string[]): Promise<void> {
  const name = netns.slice('/var/run/netns/'.length);
  await exec('ip', ['-n', name, '-batch', '-'], { input: commands.join('\n') });
}

async function moveIntoPod(properties: { mac?: string; mtu?: number } = {}) {
  const identity = await links.identify(home.name);
  await links.moveIntoPod({ device: home.name, netns, ifName: 'net1', ...properties });
  return identity;
}

test('a device enters with name, MAC and MTU, up, and comes home as it was', async () => {
  const identity = await moveIntoPod({ mac: '02:00:00:00:00:77', mtu: 1400 });
  expect(await links.find(netns, 'net1')).toMatchObject({ mac: '02:00:00:00:00:77', mtu: 1400, up: true });
  expect(await links.findHere(identity)).toBeUndefined();
  expect(await links.findInPod(netns, identity)).toMatchObject({ name: 'net1' });
  expect(await links.moveToHost({ netns, identity, ...home })).toBe('moved');
  expect(await links.findHere(identity)).toMatchObject({ ...home, up: false, addresses: [] });
  expect(await links.moveToHost({ netns, identity, ...home })).toBe('absent');
});

test('a pod that renames net1 and puts another link in its place keeps that, and the device comes home', async () => {
  const identity = await moveIntoPod();
  const mac = '02:00:00:00:00:03';
  await inPod('link set net1 down', 'link set net1 name hidden', `link add net1 address ${mac} type bridge`);
  const decoy = await links.find(netns, 'net1');
  expect(await links.findInPod(netns, identity)).toMatchObject({ name: 'hidden' });
  expect(await links.moveToHost({ netns, identity, ...home })).toBe('moved');
  expect(await links.find(netns, 'net1')).toEqual(decoy);
  expect(await links.findHere(identity)).toMatchObject({ ...home, up: false });
});

test('a pod that makes a veth with the same ifindexes keeps it', async () => {
  const identity = await moveIntoPod();
  await inPod('link set net1 down', 'link set net1 name hidden');
  await inPod(`link add net1 type veth peer name net1p index ${identity.peerIfindex}`);
  expect(await links.moveToHost({ netns, identity, ...home })).toBe('moved');
  expect(await links.find(netns, 'net1')).toBeDefined();
  expect(await links.find(netns, 'hidden')).toBeUndefined();
});

test('a device whose ifindex is taken in the pod is found there, and what took it is left alone', async () => {
  const { ifindex } = await links.identify(home.name);
  await inPod(`link add taken index ${ifindex} type bridge`);
  const identity = await moveIntoPod();
  expect((await links.findInPod(netns, identity))?.index).not.toBe(ifindex);
  expect(await links.moveToHost({ netns, identity, ...home })).toBe('moved');
  expect(await links.find(netns, 'taken')).toMatchObject({ index: ifindex });
  expect(await here.findLink(home.name)).toMatchObject({ ...home, up: false });
});

test('an interface of that name in the pod is left alone; the device is found and comes home', async () => {
  await inPod('link add net1 type bridge');
  const identity = await links.identify(home.name);
  const move = links.moveIntoPod({ device: home.name, netns, ifName: 'net1' });
  await expect(move).rejects.toMatchObject({ code: 'ALREADY_EXISTS', message: expect.stringContaining('net1') });
  expect(await links.moveToHost({ netns, identity, ...home })).toBe('moved');
  expect(await links.find(netns, 'net1')).toMatchObject({ kind: 'bridge' });
});

test('an alternative name that an interface of the pod has is refused, and named with it', async () => {
  await inPod('link add theirs type bridge', 'link property add dev theirs altname net1');
  const identity = await links.identify(home.name);
  const move = links.moveIntoPod({ device: home.name, netns, ifName: 'net1' });
  await expect(move).rejects.toMatchObject({ code: 'ALREADY_EXISTS', message: expect.stringContaining('theirs') });
  expect(await links.moveToHost({ netns, identity, ...home })).toBe('moved');
  expect(await here.findLink(home.name)).toMatchObject(home);
});

test('a device whose own alternative name is the wanted one gets it as its name', async () => {
  await here.addAltNames((await here.findLinkProperties(home.name))?.index ?? 0, ['net1', `${prefix}alt`]);
  const identity = await moveIntoPod({ mtu: 1400 });
  const link = await links.find(netns, 'net1');
  expect(link).toMatchObject({ up: true, mtu: 1400, altNames: [`${prefix}alt`] });
  expect(await links.moveToHost({ netns, identity, ...home })).toBe('moved');
  expect(await here.findLink(home.name)).toMatchObject(home);
});

test('alternative names that the pod gave the device keep it from nothing', async () => {
  const identity = await moveIntoPod();
  const pod = new Netlink(netns);
  const index = (await pod.findLinkProperties('net1'))?.index ?? 0;
  const odd = ['a/b', 'eth%d', 'two words'];
  // Its name at home, ones that something else has there, and ones that are no names of links.
  const long = `${prefix}-a-name-of-more-than-fifteen-bytes`;
  await here.addAltNames((await here.findLinkProperties(peer))?.index ?? 0, [long]);
  await pod.addAltNames(index, [home.name, peer, long, ...odd]);
  pod.close();
  expect(await links.moveToHost({ netns, identity, ...home })).toBe('moved');
  const link = await here.findLink(home.name);
  expect(link).toMatchObject({ ...home, name: home.name, up: false });
  expect(link?.altNames).toEqual(odd);
});

test('while another link of the host has its name, that is left alone and the device stays known', async () => {
  const identity = await moveIntoPod();
  const stranger = { name: home.name, mac: '02:00:00:00:00:66', mtu: 1300 };
  await here.createLink({ ...stranger, kind: 'bridge' });
  const move = links.moveToHost({ netns, identity, ...home });
  await expect(move).rejects.toMatchObject({ code: 'ALREADY_EXISTS', message: expect.stringContaining(home.name) });
  const theirs = await here.findLinkProperties(home.name);
  expect(theirs).toMatchObject({ ...stranger, kind: 'bridge' });
  await here.deleteLink(theirs?.index ?? 0);
  // It may have come home under its name in the pod.
  const left = await links.findHere(identity);
  if (left) await links.reset(left.name, home);
  else await links.moveToHost({ netns, identity, ...home });
  expect(await links.findHere(identity)).toMatchObject({ ...home, up: false });
});

test('reset gives a device of this namespace its properties back, also where it is up and has its name as another', async () => {
  const index = (await here.findLinkProperties(home.name))?.index ?? 0;
  await here.changeLink(index, { name: `${prefix}x`, mac: '02:00:00:00:00:55', mtu: 1300, up: true });
  await here.addAltNames(index, [home.name]);
  await links.reset(`${prefix}x`, home);
  expect(await here.findLink(index)).toMatchObject({ ...home, up: false });
});

test('a name that only is an alternative one is no device', async () => {
  await here.addAltNames((await here.findLinkProperties(peer))?.index ?? 0, [`${prefix}alt`]);
  const device = `${prefix}alt`;
  await expect(links.identify(device)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(links.moveIntoPod({ device, netns, ifName: 'net1' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(links.reset(device, home)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await here.findLink(peer)).toBeDefined();
});

test.each([
  ['a name of 15 characters and 30 bytes', 'é'.repeat(15)],
  ['a pattern', 'eth%d'],
  ['two words', 'net1 up'],
])('%s is refused, changes nothing, and the other pods are served', async (_what, ifName) => {
  const refused = links.moveIntoPod({ device: home.name, netns, ifName });
  const others = Array.from({ length: 5 }, async (_, number) => {
    const name = `${prefix}o${number}`;
    await here.createLink({ name, kind: 'veth', peer: { name: `${name}p` } });
    const other = await addNamespace(`${prefix}-${serial}-${number}`);
    await links.moveIntoPod({ device: name, netns: other, ifName: 'net1' });
    const found = await links.find(other, 'net1');
    await exec('ip', ['link', 'del', `${name}p`]);
    return found?.up;
  });
  await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(await Promise.all(others)).toEqual([true, true, true, true, true]);
  expect(await here.findLink(home.name)).toMatchObject(home);
});

test('a namespace that is gone has no device, and nothing else is taken for it', async () => {
  const identity = await links.identify(home.name);
  const gone = '/var/run/netns/no-such';
  const move = links.moveIntoPod({ device: home.name, netns: gone, ifName: 'net1' });
  await expect(move).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await links.findInPod(gone, identity)).toBeUndefined();
  expect(await links.moveToHost({ netns: gone, identity, ...home })).toBe('absent');
  expect(await here.findLink(home.name)).toMatchObject(home);
});

test('configure gives addresses and routes, with IPv6 where the namespace has it disabled', async () => {
  await exec('nsenter', [`--net=${netns}`, 'sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1']);
  await moveIntoPod();
  await links.configure(
    { netns, ifName: 'net1', mac: home.mac },
    {
      ips: [{ address: '10.9.0.2/24', gateway: '10.9.0.1' }, { address: 'fd00:9::2/64' }],
      routes: [{ dst: '10.10.0.0/16' }, { dst: 'fd00:10::/64', gw: 'fd00:9::1', priority: 7 }],
    },
  );
  const { addresses = [] } = (await links.find(netns, 'net1')) ?? {};
  expect(addresses.map(({ address }) => address)).toEqual(expect.arrayContaining(['10.9.0.2', 'fd00:9::2']));
  const pod = new Netlink(netns);
  const routes = await pod.listRoutes();
  pod.close();
  expect(routes).toContainEqual(expect.objectContaining({ destination: '10.10.0.0/16', gateway: '10.9.0.1' }));
  expect(routes).toContainEqual(
    expect.objectContaining({ destination: 'fd00:10::/64', gateway: 'fd00:9::1', metric: 7 }),
  );
});

test('after configure a neighbour that knew the address of another pod reaches this one', async () => {
  await here.changeLink((await here.findLinkProperties(peer))?.index ?? 0, { up: true });
  await exec('ip', ['address', 'add', '10.249.77.1/24', 'dev', peer]);
  await exec('ip', ['neigh', 'replace', '10.249.77.2', 'lladdr', '02:00:00:00:00:99', 'dev', peer, 'nud', 'stale']);
  await moveIntoPod();
  await links.configure({ netns, ifName: 'net1', mac: home.mac }, { ips: [{ address: '10.249.77.2/24' }], routes: [] });
  await expect
    .poll(async () => (await here.listNeighbours()).find(({ address }) => address === '10.249.77.2')?.mac, {
      interval: 5,
    })
    .toBe(home.mac);
});

test('a route that the kernel refuses is an error that names it', async () => {
  await moveIntoPod();
  const routes = [{ dst: '10.10.0.0/16', gw: '192.0.2.1' }];
  const configured = links.configure(
    { netns, ifName: 'net1', mac: home.mac },
    { ips: [{ address: '10.9.0.2/24' }], routes },
  );
  await expect(configured).rejects.toThrow(/10\.10\.0\.0\/16/);
});
