/** Functions that work for one logical bridge of the software DPU: needs root, openvswitch-switch, ethtool, ping. */
import type { NetworkFunction } from '@dpu-operator/sdk';
import { exec } from '@dpu-operator/sdk/linux';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { type Netns, passes, transfer } from '../../support/network/netns.ts';
import { present, type ServedSide, SoftwareDpuFixture } from './fixture.ts';

const hostIp = '192.0.2.1';
const dpuIp = '192.0.2.2';
const vlanId = 20;
const bridge = { name: 'logicalBridges/blue', vlanId };
const [outsideIp, blueIp] = ['10.9.0.100', '10.9.1.100'];

let fixture: SoftwareDpuFixture;
let dpuNode: Netns;
let dpu: ServedSide;
/** Pods, and what each reaches beyond the uplink. */
let a: Netns;
let blue: Netns;
let outside: Netns;
let outsideBlue: Netns;
let functionPod: Netns;
let nf: NetworkFunction;

async function vsctl(...args: string[]): Promise<void> {
  const [directory] = await fixture.switchDirectories();
  await exec('ovs-vsctl', [`--db=unix:${directory}/db.sock`, ...args]);
}

const forwards = (does: boolean) => functionPod.links.batch([`link set net2 ${does ? 'master br0' : 'nomaster'}`]);
const isLost = (from: Netns, to: string) =>
  eventually(
    `no ping to ${to}`,
    () => from.reaches(to),
    (reached) => !reached,
  );

beforeAll(async () => {
  fixture = await SoftwareDpuFixture.create('vspbridge');
  const hostNode = await fixture.netns('host');
  dpuNode = await fixture.netns('dpu');
  [a, blue, outside, outsideBlue, functionPod] = await Promise.all([
    fixture.netns('pod-a'),
    fixture.netns('pod-blue'),
    fixture.netns('outside'),
    fixture.netns('outside-blue'),
    fixture.netns('function'),
  ]);
  await hostNode.join('up0', `${hostIp}/24`, dpuNode, 'up0', `${dpuIp}/24`);
  const host = await fixture.side('host', hostNode, hostIp, { peer: dpuIp, vfs: 2 });
  dpu = await fixture.side('dpu', dpuNode, dpuIp, { peer: hostIp, networkFunctionPorts: 4 });
  await dpu.init();
  await host.init();
  // Kernels without VLAN devices: another bridge of the same switch takes the tag off behind the uplink.
  await vsctl('add-br', 'br-cable', '--', 'set', 'bridge', 'br-cable', 'datapath_type=netdev');
  await dpuNode.join('wire0', '', outside, 'eth0', `${outsideIp}/24`);
  await dpuNode.join('wire20', '', outsideBlue, 'eth0', `${blueIp}/24`);
  await vsctl('add-port', 'br-cable', 'wire0', 'vlan_mode=native-untagged', 'tag=0');
  await vsctl('add-port', 'br-cable', 'wire20', `tag=${vlanId}`);
  await dpuNode.links.batch(['link add dpu-uplink type veth peer name cable', 'link set cable up']);
  await dpuNode.up('dpu-uplink');
  await vsctl('add-port', 'br-cable', 'cable');
  const { mac } = await hostNode.give('swdpu-vf0', a, 'net1', '10.9.0.1/24');
  const { mac: blueMac } = await hostNode.give('swdpu-vf1', blue, 'net1', '10.9.1.1/24');
  await dpu.client.createLogicalBridge(bridge);
  await dpu.client.createBridgePort({ name: 'host0-0', macAddress: mac, type: 'ACCESS', logicalBridges: ['2'] });
  await dpu.client.createBridgePort({ name: 'host0-1', macAddress: blueMac, type: 'ACCESS', logicalBridges: ['blue'] });
  for (const [device, name] of [
    ['swdpu-nf0', 'net1'],
    ['swdpu-nf1', 'net2'],
  ]) {
    await dpuNode.links.batch([`link set ${device} netns ${functionPod.name} name ${name}`]);
  }
  await functionPod.links.batch(['link add br0 type bridge', 'link set br0 up']);
  for (const name of ['net1', 'net2']) {
    await functionPod.links.batch([`link set ${name} master br0`, `link set ${name} up`]);
  }
  const macOf = async (name: string) => (await functionPod.links.find(name))?.mac ?? '';
  nf = { input: await macOf('net1'), output: await macOf('net2'), bridgeId: 'blue' };
  await passes(a, outsideIp);
  await passes(blue, blueIp);
});
afterAll(() => fixture?.[Symbol.asyncDispose]());

describe('a function for one bridge', () => {
  it('has the frames of that bridge pass, and others go past it', async () => {
    await dpu.client.createNetworkFunction(nf);
    await passes(blue, blueIp);
    await passes(a, outsideIp);
    await forwards(false);
    await isLost(blue, blueIp);
    await passes(a, outsideIp);
    await forwards(true);
    await passes(blue, blueIp);
    expect(await transfer(blue, outsideBlue, blueIp, 1_000_000)).toBe(1_000_000);
  });

  it('keeps its bridge, and is refused for one that is not there', async () => {
    await expect(dpu.client.deleteLogicalBridge('blue', present)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('networkFunctions/'),
    });
    const other = { ...nf, bridgeId: 'green' };
    await expect(dpu.client.createNetworkFunction(other)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('leaves when it goes: its bridge has its own way out again', async () => {
    await forwards(false);
    await dpu.client.deleteNetworkFunction(nf);
    await passes(blue, blueIp);
    await passes(a, outsideIp);
    await forwards(true);
  });
});

describe('a chain for one bridge', () => {
  const chain = () => ({ name: 'serviceChains/blue-edge', networkFunctions: [nf] });

  it('closes that one alone when it goes', async () => {
    await dpu.client.createChain(chain());
    await passes(blue, blueIp);
    await passes(a, outsideIp);
    await dpu.client.deleteChain('serviceChains/blue-edge', present);
    await isLost(blue, blueIp);
    await passes(a, outsideIp);
    await dpu.client.createChain(chain());
    await passes(blue, blueIp);
  });
});
