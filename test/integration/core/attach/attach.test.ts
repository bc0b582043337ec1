import { readdirSync, statSync } from 'node:fs';
import { DpuError } from '@dpu-operator/sdk';
import { exec } from '@dpu-operator/sdk/linux';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { expectNothingLeft } from './checks.ts';
import { AttachFixture, type Daemon } from './fixture.ts';

const fixture = new AttachFixture('at');
let daemon: Daemon;
let netns: string;

beforeAll(() => fixture.addDevices(3));
afterAll(() => fixture.close());
beforeEach(async () => {
  ({ daemon, netns } = await fixture.startWithPod());
});
afterEach(() => fixture.release(daemon));

test('ADD gives the pod its interface and the DPU its bridge port; DEL takes both back, twice', async () => {
  const config = { deviceID: fixture.device(1), mac: '02:00:00:00:00:99', mtu: 1400 };
  const add = await fixture.cni('ADD', { netns, config });
  expect(add).toEqual({
    exitCode: 0,
    output: {
      cniVersion: '1.0.0',
      interfaces: [{ name: 'net1', mac: '02:00:00:00:00:99', sandbox: netns }],
      dns: {},
    },
  });
  expect(await fixture.linkIn(netns, 'net1')).toMatchObject({ up: true, mac: '02:00:00:00:00:99', mtu: 1400 });
  expect(fixture.dataPath.ports.get('host0-1')).toEqual({ macAddress: '02:00:00:00:00:99', logicalBridges: ['3'] });
  expect(statSync(fixture.socketPath).mode & 0o777).toBe(0o600);
  const [file] = readdirSync(fixture.stateDirectory);
  expect(statSync(`${fixture.stateDirectory}/${file}`).mode & 0o777).toBe(0o600);
  expect(await fixture.cni('CHECK', { netns, config: { ...config, prevResult: add.output } })).toMatchObject({
    exitCode: 0,
  });
  for (let time = 0; time < 2; time += 1) {
    expect(await fixture.cni('DEL', { netns, config })).toEqual({ exitCode: 0, output: undefined });
  }
  await expectNothingLeft(fixture, daemon);
});

test('the MAC of runtimeConfig goes before that of CNI_ARGS, and that before the network configuration', async () => {
  const config = { deviceID: fixture.device(0), mac: '02:00:00:00:00:01' };
  const args = 'IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=pod;MAC=02:00:00:00:00:02';
  expect((await fixture.cni('ADD', { netns, args, config })).output.interfaces[0].mac).toBe('02:00:00:00:00:02');
  expect(daemon.store.list()[0]?.pod).toEqual({ namespace: 'ns', name: 'pod' });
  await fixture.cni('DEL', { netns, config });
  const runtimeConfig = { mac: '02:00:00:00:00:03' };
  const second = await fixture.cni('ADD', { netns, args, config: { ...config, runtimeConfig } });
  expect(second.output.interfaces[0].mac).toBe('02:00:00:00:00:03');
});

test('a device is one pod’s: the second ADD names the holder, unless its namespace is gone', async () => {
  const config = { deviceID: fixture.device(0) };
  const other = await fixture.addNamespace(`o${fixture.podCount}`);
  const [first, second] = await Promise.all([
    fixture.cni('ADD', { netns, container: 'a', config }),
    fixture.cni('ADD', { netns: other, container: 'b', config }),
  ]);
  const [winner, loser] = first.exitCode === 0 ? ['a', second] : ['b', first];
  expect(loser).toMatchObject({ exitCode: 1, output: { code: 101 } });
  expect(loser?.output.msg).toContain(`net1 of container ${winner}`);
  expect(daemon.store.list()).toHaveLength(1);
});

test('an interface of that name in the pod is left alone', async () => {
  await exec('ip', ['-n', netns.slice('/var/run/netns/'.length), 'link', 'add', 'net1', 'type', 'veth']);
  const add = await fixture.cni('ADD', { netns, config: { deviceID: fixture.device(0) } });
  expect(add).toMatchObject({ exitCode: 1, output: { code: 999 } });
  expect(await fixture.linkIn(netns, 'net1')).toBeDefined();
  await expectNothingLeft(fixture, daemon);
});

test('a DPU side that fails leaves nothing; one out of reach is to be tried again', async () => {
  fixture.dataPath.fails = new DpuError('UNAVAILABLE', 'no DPU side');
  const config = { deviceID: fixture.device(0) };
  const add = await fixture.cni('ADD', { netns, config });
  expect(add.output).toMatchObject({ code: 11, msg: 'no DPU side' });
  expect(await fixture.link(fixture.device(0))).toMatchObject({ up: false });
  expect(daemon.store.list()).toMatchObject([{ state: 'detaching' }]);
  expect(await fixture.cni('DEL', { netns, config })).toMatchObject({ exitCode: 1, output: { code: 11 } });
  fixture.dataPath.fails = undefined;
  expect(await fixture.cni('DEL', { netns, config })).toMatchObject({ exitCode: 0 });
  await expectNothingLeft(fixture, daemon);
});

test('two interfaces of a pod on the DPU side make one network function, the first its input', async () => {
  fixture.side = 'dpu';
  await fixture.cni('ADD', { netns, ifName: 'lan', config: { deviceID: fixture.device(0) } });
  expect(fixture.dataPath.functions).toEqual([]);
  await fixture.cni('ADD', { netns, ifName: 'a', config: { deviceID: fixture.device(1) } });
  expect(fixture.dataPath.functions).toEqual([{ input: '02:aa:00:00:00:00', output: '02:aa:00:00:00:01' }]);
  await fixture.cni('DEL', { netns, ifName: 'lan', config: {} });
  expect(fixture.dataPath.functions).toEqual([]);
  await fixture.cni('DEL', { netns, ifName: 'a', config: {} });
  await expectNothingLeft(fixture, daemon);
});

test('errors name what is wrong', async () => {
  const add = (config: Record<string, unknown>, path = netns) => fixture.cni('ADD', { netns: path, config });
  expect((await add({})).output).toMatchObject({ code: 7, msg: expect.stringContaining('deviceID') });
  expect((await add({ deviceID: 'nope' })).output).toMatchObject({ code: 100, msg: expect.stringContaining('nope') });
  expect((await add({ deviceID: fixture.device(0), vlan: 5 })).output).toMatchObject({
    code: 7,
    msg: expect.stringContaining('vlan'),
  });
  expect((await add({ deviceID: fixture.device(0), vlan: 5000 })).output).toMatchObject({
    code: 7,
    msg: expect.stringContaining('vlan'),
  });
  expect((await add({ deviceID: fixture.device(0) }, '/var/run/netns/nope')).output).toMatchObject({
    code: 3,
    msg: expect.stringContaining('/var/run/netns/nope'),
  });
  const noPlugin = await add({ deviceID: fixture.device(0), ipam: { type: 'no-such-ipam' } });
  expect(noPlugin.output).toMatchObject({ code: 7, msg: expect.stringContaining('no-such-ipam') });
  await expectNothingLeft(fixture, daemon);
  fixture.ready = false;
  expect((await add({ deviceID: fixture.device(0) })).output).toMatchObject({ code: 11 });
  expect((await fixture.cni('STATUS', { config: { cniVersion: '1.1.0' } })).output).toMatchObject({ code: 50 });
});

test('GC releases what the runtime does not know, of that network only', async () => {
  const other = await fixture.addNamespace(`g${fixture.podCount}`);
  const third = await fixture.addNamespace(`h${fixture.podCount}`);
  await fixture.cni('ADD', { netns, container: 'a', config: { deviceID: fixture.device(0) } });
  await fixture.cni('ADD', { netns: other, container: 'b', config: { deviceID: fixture.device(1) } });
  await fixture.cni('ADD', { netns: third, container: 'c', config: { deviceID: fixture.device(2), name: 'other' } });
  const valid = [{ containerID: 'a', ifname: 'net1' }];
  const config = { cniVersion: '1.1.0', 'cni.dev/valid-attachments': valid };
  expect(await fixture.cni('GC', { config })).toEqual({ exitCode: 0, output: undefined });
  expect(daemon.store.list().map(({ containerId }) => containerId)).toEqual(['a', 'c']);
  expect(await fixture.link(fixture.device(1))).toBeDefined();
});

test('CHECK finds a changed interface', async () => {
  const config = { deviceID: fixture.device(0) };
  const add = await fixture.cni('ADD', { netns, config });
  const check = () => fixture.cni('CHECK', { netns, config: { ...config, prevResult: add.output } });
  expect(await check()).toMatchObject({ exitCode: 0 });
  await exec('ip', ['-n', netns.slice('/var/run/netns/'.length), 'link', 'set', 'net1', 'down']);
  expect((await check()).output).toMatchObject({ code: 103, msg: expect.stringContaining('is down') });
});

test('a namespace by process id works as one by name does', async () => {
  const holder = await import('node:child_process').then(({ spawn }) =>
    spawn('nsenter', [`--net=${netns}`, 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] }),
  );
  try {
    const path = `/proc/${holder.pid}/ns/net`;
    // nsenter is in the namespace once it has become cat.
    await expect.poll(async () => statSync(path).ino === statSync(netns).ino, { interval: 20 }).toBe(true);
    const config = { deviceID: fixture.device(0) };
    expect(await fixture.cni('ADD', { netns: path, config })).toMatchObject({ exitCode: 0 });
    expect(await fixture.linkIn(netns, 'net1')).toMatchObject({ up: true });
    expect(await fixture.cni('DEL', { netns: path, config })).toMatchObject({ exitCode: 0 });
    await expectNothingLeft(fixture, daemon);
  } finally {
    holder.kill();
  }
});

test('addresses come from the IPAM plugin and go back to it', async () => {
  const ipam = {
    ...fixture.hostLocal,
    ranges: [[{ subnet: '10.9.0.0/24', gateway: '10.9.0.1' }], [{ subnet: 'fd00:9::/64' }]],
    routes: [{ dst: '10.10.0.0/16' }],
  };
  const config = { deviceID: fixture.device(0), cniVersion: '0.4.0', ipam };
  const add = await fixture.cni('ADD', { netns, config });
  expect(add.output).toMatchObject({
    cniVersion: '0.4.0',
    ips: [
      { version: '4', address: '10.9.0.2/24', gateway: '10.9.0.1', interface: 0 },
      { version: '6', address: 'fd00:9::2/64', interface: 0 },
    ],
    routes: [{ dst: '10.10.0.0/16' }],
  });
  const link = await fixture.linkIn(netns, 'net1');
  expect(link?.addresses.map(({ address }) => address)).toEqual(expect.arrayContaining(['10.9.0.2', 'fd00:9::2']));
  const routes = await exec('ip', ['-n', netns.slice('/var/run/netns/'.length), 'route']);
  expect(routes.stdout).toContain('10.10.0.0/16 via 10.9.0.1 dev net1');
  const check = () => fixture.cni('CHECK', { netns, config: { ...config, prevResult: add.output } });
  expect(await check()).toMatchObject({ exitCode: 0 });
  const ip = (...args: string[]) => exec('ip', ['-n', netns.slice('/var/run/netns/'.length), ...args]);
  await ip('route', 'del', '10.10.0.0/16');
  expect((await check()).output).toMatchObject({ code: 103, msg: expect.stringContaining('route 10.10.0.0/16') });
  // As the reference plugin for source-based routing leaves it.
  await ip('route', 'add', '10.10.0.0/16', 'via', '10.9.0.1', 'dev', 'net1', 'table', '100');
  expect(await check()).toMatchObject({ exitCode: 0 });
  expect(await fixture.cni('DEL', { netns, config })).toMatchObject({ exitCode: 0 });
  await expectNothingLeft(fixture, daemon);
  const full = { ...config, ipam: { ...ipam, ranges: [[{ subnet: '10.9.0.0/24', rangeStart: '10.9.0.300' }]] } };
  expect((await fixture.cni('ADD', { netns, config: full })).exitCode).toBe(1);
  await expectNothingLeft(fixture, daemon);
});
