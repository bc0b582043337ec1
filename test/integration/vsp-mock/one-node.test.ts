/** The software DPU with host and DPU on one node: needs root, openvswitch-switch, ethtool, ping. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { bridgePort } from '../../support/network/bridge-port.ts';
import { type Netns, transfer } from '../../support/network/netns.ts';
import { present, type ServedSide, SoftwareDpuFixture } from './fixture.ts';

let fixture: SoftwareDpuFixture;
let node: Netns;
let outside: Netns;
let a: Netns;
let b: Netns;
let host: ServedSide;
let dpu: ServedSide;
let macA: string;
let macB: string;
let untouched: string[];

const reachesB = () => a.reaches('10.9.0.2');

beforeAll(async () => {
  fixture = await SoftwareDpuFixture.create('vsp1node');
  node = await fixture.netns('node');
  outside = await fixture.netns('outside');
  a = await fixture.netns('pod-a');
  b = await fixture.netns('pod-b');
  await node.join('dpu-uplink', '', outside, 'eth0', '10.8.0.100/24');
  untouched = await node.names();
  host = await fixture.side('host', node, '192.0.2.1', {});
  dpu = await fixture.side('dpu', node, '192.0.2.1', {});
  await dpu.init();
  await host.init();
  ({ mac: macA } = await node.give('swdpu-vf0', a, 'net1', '10.9.0.1/24'));
  ({ mac: macB } = await node.give('swdpu-vf1', b, 'net1', '10.9.0.2/24'));
  await dpu.client.createBridgePort(bridgePort(0, macA));
  await dpu.client.createBridgePort(bridgePort(1, macB));
});
afterAll(() => fixture?.[Symbol.asyncDispose]());

it('has the VFs of the host side, and none of the DPU side', async () => {
  expect(await host.client.getDevices()).toHaveLength(8);
  expect(await dpu.client.getDevices()).toEqual([]);
  expect(await dpu.client.setNumVfs(8)).toBe(0);
});

describe('two pods', () => {
  it('reach each other through the bridge, also by TCP', async () => {
    await eventually('a ping', reachesB, Boolean);
    expect((await fixture.forwardingTable()).map((entry) => entry.mac)).toEqual(expect.arrayContaining([macA, macB]));
    expect(await transfer(a, b, '10.9.0.2', 3_000_000)).toBe(3_000_000);
  });

  it('lose each other when one bridge port is deleted', async () => {
    await dpu.client.deleteBridgePort('host0-1', present);
    expect(await node.links.find('swdpu-rep1')).toMatchObject({ up: false });
    expect(await reachesB()).toBe(false);
    await dpu.client.createBridgePort(bridgePort(1, macB));
    await eventually('a ping', reachesB, Boolean);
  });

  it('find each other through a VF that was made anew', async () => {
    await b.delete();
    await eventually(
      'swdpu-vf1',
      () => node.names(),
      (names) => names.includes('swdpu-vf1'),
    );
    b = await fixture.netns('pod-b2');
    // The bridge port was never deleted: the new pod stands behind it.
    ({ mac: macB } = await node.give('swdpu-vf1', b, 'net1', '10.9.0.2/24'));
    await eventually('a ping', reachesB, Boolean);
  });
});

describe('a network function', () => {
  it('gets VFs and is the only way outside', async () => {
    const nf = await fixture.netns('nf');
    const { mac: input } = await node.give('swdpu-vf2', nf, 'net1', '10.9.0.254/24');
    await node.links.batch(['link set swdpu-vf3 address 02:00:00:00:be:ef']);
    const { mac: output } = await node.give('swdpu-vf3', nf, 'net2', '10.8.0.254/24');
    await nf.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
    await a.links.batch(['route add 10.8.0.0/24 via 10.9.0.254']);
    await outside.links.batch(['route add 10.9.0.0/24 via 10.8.0.254']);
    await dpu.client.createNetworkFunction({ input, output });
    await eventually('a ping through the network function', () => a.reaches('10.8.0.100'), Boolean);

    const taken = dpu.client.createBridgePort(bridgePort(2, input));
    await expect(taken).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await dpu.client.deleteNetworkFunction({ input, output });
    expect(await a.reaches('10.8.0.100')).toBe(false);

    // A caller that gave up on the first deletes while that is still under way.
    const creating = dpu.client.createNetworkFunction({ input, output });
    await Promise.all([creating, dpu.client.deleteNetworkFunction({ input, output })]);
    await dpu.client.createBridgePort(bridgePort(2, input));
    await dpu.client.deleteBridgePort('host0-2', present);
    await nf.delete();
  });
});

it('leaves nothing behind at 0', async () => {
  for (const pod of [a, b]) await pod.delete();
  expect(await dpu.client.setNumVfs(0)).toBe(0);
  expect(await host.client.setNumVfs(0)).toBe(0);
  await dpu.close();
  await host.close();
  expect(await node.names()).toEqual(untouched);
  expect(await fixture.switchDirectories()).toEqual([]);
});
