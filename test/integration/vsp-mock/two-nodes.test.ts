/** The software DPU across two nodes, on the kernel and Open vSwitch: needs root, openvswitch-switch, ethtool, ping. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { bridgePort } from '../../support/network/bridge-port.ts';
import { type Netns, transfer } from '../../support/network/netns.ts';
import { present, type ServedSide, SoftwareDpuFixture } from './fixture.ts';

// No other file's: a host of this address leads all pods of the machine that it tunnels for to a DPU's new one.
const hostIp = '198.51.100.1';
const dpuIp = '198.51.100.2';
const otherIp = '198.51.100.3';

let fixture: SoftwareDpuFixture;
let hostNode: Netns;
let dpuNode: Netns;
let outside: Netns;
let a: Netns;
let b: Netns;
let host: ServedSide;
let dpu: ServedSide;
let macA: string;
let macB: string;
let untouched: { host: string[]; dpu: string[] };

const reachesB = () => a.reaches('10.9.0.2');

beforeAll(async () => {
  fixture = await SoftwareDpuFixture.create('vsp2nodes');
  hostNode = await fixture.netns('host');
  dpuNode = await fixture.netns('dpu');
  outside = await fixture.netns('outside');
  a = await fixture.netns('pod-a');
  b = await fixture.netns('pod-b');
  await hostNode.join('up0', `${hostIp}/24`, dpuNode, 'up0', `${dpuIp}/24`);
  untouched = { host: await hostNode.names(), dpu: await dpuNode.names() };

  host = await fixture.side('host', hostNode, hostIp, { peer: dpuIp, vfs: 4 });
  dpu = await fixture.side('dpu', dpuNode, dpuIp, { peer: hostIp, networkFunctionPorts: 4 });
  expect(await dpu.init()).toEqual({ ip: dpuIp, port: 50151 });
  expect(await host.init()).toEqual({ ip: dpuIp, port: 50151 });
  ({ mac: macA } = await hostNode.give('swdpu-vf0', a, 'net1', '10.9.0.1/24'));
  ({ mac: macB } = await hostNode.give('swdpu-vf1', b, 'net1', '10.9.0.2/24'));
  await dpu.client.createBridgePort(bridgePort(0, macA));
  await dpu.client.createBridgePort(bridgePort(1, macB));
});
afterAll(() => fixture?.[Symbol.asyncDispose]());

describe('devices', () => {
  it('are the VFs on the host, those of pods included, and ports for network functions on the DPU', async () => {
    const ids = (side: ServedSide) => side.client.getDevices().then((devices) => devices.map((device) => device.id));
    expect(await ids(host)).toEqual([0, 1, 2, 3].map((index) => `swdpu-vf${index}`));
    expect(await ids(dpu)).toEqual([0, 1, 2, 3].map((index) => `swdpu-nf${index}`));
  });

  it('become more and fewer, and tell', async () => {
    let told = 0;
    const tells = (count: number) => eventually('the devices', async () => told === count || undefined);
    const unwatch = host.client.watchDevices(
      (devices) => {
        told = devices.length;
      },
      () => {},
    );
    expect(await host.client.setNumVfs(6)).toBe(6);
    expect(await hostNode.names()).toContain('swdpu-vf5');
    await tells(6);
    expect(await host.client.setNumVfs(4)).toBe(4);
    expect(await hostNode.names()).not.toContain('swdpu-vf5');
    await tells(4);
    unwatch();
  });

  it('are not taken from a pod', async () => {
    await expect(host.client.setNumVfs(1)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('swdpu-vf1'),
    });
    await eventually('a ping', reachesB, Boolean);
  });

  it('end at the maximum', async () => {
    await expect(host.client.setNumVfs(257)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  });
});

describe('two pods', () => {
  it("reach each other through the DPU's bridge, which learns both MACs", async () => {
    await eventually('a ping', reachesB, Boolean);
    const macs = (await fixture.forwardingTable()).map((entry) => entry.mac);
    expect(macs).toEqual(expect.arrayContaining([macA, macB]));
  });

  it('carry TCP', async () => {
    expect(await transfer(a, b, '10.9.0.2', 3_000_000)).toBe(3_000_000);
  });

  it('lose each other while the bridge port is down', async () => {
    await dpuNode.links.batch(['link set swdpu-rep1 down']);
    await eventually('no ping', reachesB, (reached) => !reached);
    const states = (await dpu.client.listBridgePorts()).map(({ name, operStatus }) => [name, operStatus]);
    expect(states).toEqual([
      ['bridgePorts/host0-0', 'UP'],
      ['bridgePorts/host0-1', 'DOWN'],
    ]);
    await dpuNode.links.batch(['link set swdpu-rep1 up']);
    await eventually('a ping', reachesB, Boolean);
  });

  it('find each other again when a representor was deleted', async () => {
    await dpuNode.links.batch(['link del swdpu-rep0']);
    await eventually('a ping', reachesB, Boolean);
  });

  it('are kept apart by logical bridges, and joined by one', async () => {
    await dpu.client.createLogicalBridge({ name: 'red-bridge', vlanId: 20 });
    await expect(dpu.client.createLogicalBridge({ name: 'red-twin', vlanId: 20 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await dpu.client.updateBridgePort(bridgePort(0, macA, 'logicalBridges/red-bridge'));
    await eventually('no ping', reachesB, (reached) => !reached);
    await dpu.client.updateBridgePort(bridgePort(1, macB, 'red-bridge'));
    await eventually('a ping', reachesB, Boolean);
    expect(await fixture.forwardingTable()).toContainEqual(expect.objectContaining({ mac: macA, vlan: 20 }));

    await expect(dpu.client.deleteLogicalBridge('red-bridge', present)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
    await dpu.client.updateBridgePort(bridgePort(0, macA));
    await dpu.client.updateBridgePort(bridgePort(1, macB));
    await dpu.client.deleteLogicalBridge('red-bridge', present);
    await eventually('a ping', reachesB, Boolean);
  });
});

describe('a bridge port', () => {
  it('is the same when it is created again, and refused with other content', async () => {
    expect(await dpu.client.createBridgePort({ ...bridgePort(0, macA), name: 'bridgePorts/host0-0' })).toMatchObject({
      name: 'bridgePorts/host0-0',
      operStatus: 'UP',
    });
    const other = dpu.client.createBridgePort({ ...bridgePort(0, macA), type: 'TRUNK' });
    await expect(other).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  });

  it('leaves nothing when it is deleted', async () => {
    await dpu.client.createBridgePort(bridgePort(3, '02:00:00:00:00:03'));
    expect(await dpuNode.names()).toContain('swdpu-rep3');
    await dpu.client.deleteBridgePort('host0-3', present);
    expect(await dpuNode.names()).not.toContain('swdpu-rep3');
    await expect(dpu.client.deleteBridgePort('host0-3', present)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is refused on a logical bridge that does not exist, and leaves nothing', async () => {
    const refused = dpu.client.createBridgePort(bridgePort(3, '02:00:00:00:00:03', 'green-bridge'));
    await expect(refused).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await dpuNode.names()).not.toContain('swdpu-rep3');
  });
});

describe('the uplink', () => {
  it('is attached when it appears, again when it is made anew, and stays as it was', async () => {
    for (const round of [1, 2]) {
      if (round === 2) await dpuNode.links.batch(['link del dpu-uplink']);
      await dpuNode.join('dpu-uplink', '', outside, 'eth0', '10.9.0.100/24');
      // The new device has another MAC than the pod remembers.
      await a.run('ip', ['neigh', 'flush', 'dev', 'net1']);
      await eventually('a ping to the outside', () => a.reaches('10.9.0.100'), Boolean);
    }
  });
});

describe('a network function', () => {
  it('is the only way outside, and gone the direct one is back', async () => {
    const nf = await fixture.netns('nf');
    const { mac: input } = await dpuNode.give('swdpu-nf0', nf, 'net1', '10.9.0.254/24');
    // A pod's configuration may set another MAC than the device was given.
    await dpuNode.links.batch(['link set swdpu-nf1 address 02:00:00:00:be:ef']);
    const { mac: output } = await dpuNode.give('swdpu-nf1', nf, 'net2', '10.8.0.254/24');
    await a.links.batch(['route add 10.8.0.0/24 via 10.9.0.254']);
    await outside.links.batch(['addr add 10.8.0.100/24 dev eth0', 'route add 10.9.0.1/32 via 10.8.0.254']);
    await dpu.client.createNetworkFunction({ input, output });
    await dpu.client.createNetworkFunction({ input, output });

    const isOutside = () => a.reaches('10.8.0.100');
    await nf.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
    await eventually('a ping through the network function', isOutside, Boolean);
    expect(await transfer(a, outside, '10.8.0.100', 1_000_000)).toBe(1_000_000);
    expect(await a.reaches('10.9.0.100')).toBe(false);
    await eventually('a ping', reachesB, Boolean);
    await nf.run('sysctl', ['-qw', 'net.ipv4.ip_forward=0']);
    expect(await isOutside()).toBe(false);

    await dpu.client.deleteNetworkFunction({ input, output });
    await dpu.client.deleteNetworkFunction({ input, output });
    await outside.links.batch(['route del 10.9.0.1/32']);
    await eventually('a ping to the outside', () => a.reaches('10.9.0.100'), Boolean);

    await nf.delete();
    await eventually(
      'the ports of the network function',
      () => dpuNode.names(),
      (names) => ['swdpu-nf0', 'swdpu-nf1', 'swdpu-np0', 'swdpu-np1'].every((name) => names.includes(name)),
    );
  });

  it('needs MACs of its devices', async () => {
    const nf = { input: '02:00:00:00:00:01', output: '02:00:00:00:00:02' };
    await expect(dpu.client.createNetworkFunction(nf)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a VF', () => {
  it('is back after its pod was destroyed with it, and works', async () => {
    const c = await fixture.netns('pod-c');
    await hostNode.give('swdpu-vf2', c, 'net1', '10.9.0.3/24');
    expect(await hostNode.names()).not.toContain('swdpu-vf2');
    await c.delete();
    await eventually(
      'swdpu-vf2',
      () => hostNode.names(),
      (names) => names.includes('swdpu-vf2'),
    );
    const d = await fixture.netns('pod-d');
    const { mac } = await hostNode.give('swdpu-vf2', d, 'net1', '10.9.0.4/24');
    await dpu.client.createBridgePort(bridgePort(2, mac));
    await eventually('a ping', () => a.reaches('10.9.0.4'), Boolean);
    await dpu.client.deleteBridgePort('host0-2', present);
    await d.links.batch(['link set net1 down', `link set net1 netns ${hostNode.name}`]);
  });

  it('gets its name back when it came back under another', async () => {
    await eventually(
      'swdpu-vf2',
      () => hostNode.names(),
      (names) => names.includes('swdpu-vf2'),
    );
    expect(await hostNode.names()).not.toContain('net1');
  });
});

describe('a restart', () => {
  it('of the host side keeps what pods have', async () => {
    await host.close();
    host = await fixture.side('host', hostNode, hostIp, { peer: dpuIp, vfs: 4 });
    await host.init();
    expect(await host.client.getDevices()).toHaveLength(4);
    await eventually('a ping', reachesB, Boolean);
  });

  it('of the DPU side works on when the bridge ports are repeated, and takes none away before all are', async () => {
    const representors = async () => (await dpuNode.names()).filter((name) => name.startsWith('swdpu-rep'));
    for (const vf of [2, 3]) await dpu.client.createBridgePort(bridgePort(vf, `02:00:00:00:00:0${vf}`));
    await dpu.close();
    expect(await dpuNode.names()).not.toContain('ovs-netdev');
    dpu = await fixture.side('dpu', dpuNode, dpuIp, { peer: hostIp, networkFunctionPorts: 4 });
    await dpu.init();
    await dpu.client.createBridgePort(bridgePort(0, macA));
    expect(await representors()).toEqual([0, 1, 2, 3].map((vf) => `swdpu-rep${vf}`));
    await dpu.client.deleteBridgePort('host0-2', { allowMissing: true });
    await dpu.client.createBridgePort(bridgePort(1, macB));
    await eventually('a ping', reachesB, Boolean);
    expect(await representors()).toEqual(['swdpu-rep0', 'swdpu-rep1', 'swdpu-rep3']);
    expect(await dpu.client.completeReplay()).toBe(true);
    expect(await representors()).toEqual(['swdpu-rep0', 'swdpu-rep1']);
    expect(await reachesB()).toBe(true);
  });

  it('with another address of the DPU node leads the pods there', async () => {
    await dpuNode.links.batch([`addr del ${dpuIp}/24 dev up0`, `addr add ${otherIp}/24 dev up0`]);
    await Promise.all([host.close(), dpu.close()]);
    host = await fixture.side('host', hostNode, hostIp, { peer: otherIp, vfs: 4 });
    dpu = await fixture.side('dpu', dpuNode, otherIp, { peer: hostIp, networkFunctionPorts: 4 });
    await dpu.init();
    expect(await host.init()).toEqual({ ip: otherIp, port: 50151 });
    await dpu.client.createBridgePort(bridgePort(0, macA));
    await dpu.client.createBridgePort(bridgePort(1, macB));
    await eventually('a ping', reachesB, Boolean);
    expect(await host.client.getDevices()).toHaveLength(4);
  });

  it('takes the MTU of the network between the nodes', async () => {
    expect((await hostNode.links.find('swdpu-vf3'))?.mtu).toBe(1450);
    await host.client.setNumVfs(2);
    await hostNode.links.batch(['link set up0 mtu 1400']);
    await host.close();
    host = await fixture.side('host', hostNode, hostIp, { peer: otherIp, vfs: 4 });
    await host.init();
    expect((await hostNode.links.find('swdpu-vf3'))?.mtu).toBe(1350);
    await hostNode.links.batch(['link set up0 mtu 1500']);
  });

  it('of Open vSwitch, killed, brings the ports back', async () => {
    const [directory] = await fixture.switchDirectories();
    const pid = Number(await readFile(`${directory}/ovs-vswitchd.pid`, 'utf8'));
    expect(pid).toBeGreaterThan(1);
    process.kill(pid, 'SIGKILL');
    await eventually('a ping', reachesB, Boolean);
    expect((await dpu.client.ping('test')).healthy).toBe(true);
  });
});

it('leaves nothing behind at 0', async () => {
  for (const pod of [a, b]) await pod.delete();
  expect(await host.client.setNumVfs(0)).toBe(0);
  expect(await dpu.client.setNumVfs(0)).toBe(0);
  await host.close();
  await dpu.close();
  expect(await hostNode.names()).toEqual(untouched.host);
  expect(await dpuNode.names()).toEqual([...untouched.dpu, 'dpu-uplink'].sort());
  expect(await fixture.switchDirectories()).toEqual([]);
  const uplink = await dpuNode.links.find('dpu-uplink');
  expect(uplink?.up).toBe(true);
});
