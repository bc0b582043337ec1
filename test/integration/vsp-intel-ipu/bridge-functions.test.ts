/** Functions for one logical bridge on the Intel IPU's DPU side with a card's Open vSwitch: needs root, openvswitch-switch, ping. */
import { exec } from '@dpu-operator/sdk/linux';
import { afterAll, beforeAll, it } from 'vitest';
import { bridgePort } from '../../support/network/bridge-port.ts';
import { splitCable } from '../../support/network/cable.ts';
import { MachineSwitch } from '../../support/network/machine-switch.ts';
import { type Netns, passes } from '../../support/network/netns.ts';
import { WireFunction } from '../../support/network/wire-function.ts';
import { givePod } from '../vsp-marvell/fixture.ts';
import { present, SoftwareDpuFixture } from '../vsp-mock/fixture.ts';
import { IpuFixture, vfMac } from './fixture.ts';

const vlanId = 20;
const [outsideIp, outsideBlueIp] = ['10.9.0.100', '10.9.1.100'];
const directory = '/run/ipu-test-functions';

let fixture: SoftwareDpuFixture;
let ipu: IpuFixture;
let ovs: MachineSwitch;
/** Pods: one on the default bridge, one on the other. */
let a: Netns;
let blue: Netns;
let fn: WireFunction;

const ofBlue = () => ({ ...fn.nf, bridgeId: 'blue' });
const ports = [bridgePort(0, vfMac(0)), bridgePort(1, vfMac(1), 'blue')];

/** What the daemon says when it has found the plugin. */
async function tellPorts(): Promise<void> {
  await ipu.vsp.client.createLogicalBridge({ name: 'logicalBridges/blue', vlanId });
  for (const port of ports) await ipu.vsp.client.createBridgePort(port);
}

beforeAll(async () => {
  fixture = await SoftwareDpuFixture.create('ipufunctions');
  const outsideOfVlan = await fixture.netns('outside-blue');
  ipu = await IpuFixture.create(fixture, {
    vfs: 2,
    settings: { bridge: 'ovs', ovsDatabase: `${directory}/db.sock` },
    prepare: async (acc) => {
      ovs = await new MachineSwitch(directory, acc).create();
    },
  });
  await splitCable({
    card: ipu.acc,
    vsctl: (...args) => exec('ovs-vsctl', [`--db=unix:${ovs.database}`, ...args]),
    outside: ipu.outside,
    outsideOfVlan,
    vlanId,
    addresses: { outside: `${outsideIp}/24`, ofVlan: `${outsideBlueIp}/24` },
  });
  [a, blue] = [await fixture.netns('pod-a'), await fixture.netns('pod-blue')];
  for (const pod of [a, blue]) await pod.quiet();
  await givePod(ipu.host, 0, a, '10.9.0.1/24');
  await givePod(ipu.host, 1, blue, '10.9.1.1/24');
  fn = await WireFunction.create(fixture, ipu.acc, 'function', ['enp0s1f0d11', 'enp0s1f0d12']);
  await tellPorts();
  await passes(a, outsideIp);
  await passes(blue, outsideBlueIp);
});
afterAll(async () => {
  await ipu?.[Symbol.asyncDispose]();
  await ovs?.stop();
  await fixture?.[Symbol.asyncDispose]();
});

it('a function for one bridge has the frames of that bridge pass, and others go past it', async () => {
  await ipu.vsp.client.createNetworkFunction(ofBlue());
  await passes(blue, outsideBlueIp);
  await fn.forwards(false);
  await passes(blue, outsideBlueIp, false);
  await passes(a, outsideIp);
  await fn.forwards(true);
  await passes(blue, outsideBlueIp);
});

it('after a restart it stands before it is told again', async () => {
  await ipu.restart();
  await tellPorts();
  await fn.forwards(false);
  await passes(blue, outsideBlueIp, false);
  await passes(a, outsideIp);
  await fn.forwards(true);
  await passes(blue, outsideBlueIp);
});

it('when it is not told any more, its bridge has its own way out again', async () => {
  await ipu.vsp.client.completeReplay();
  await fn.forwards(false);
  await passes(blue, outsideBlueIp);
  await passes(a, outsideIp);
  await fn.forwards(true);
});

it('a chain for one bridge closes that one alone when it goes, also over a restart', async () => {
  await ipu.vsp.client.createChain({ name: 'serviceChains/blue-edge', networkFunctions: [ofBlue()] });
  await passes(blue, outsideBlueIp);
  await ipu.vsp.client.deleteChain('serviceChains/blue-edge', present);
  await passes(blue, outsideBlueIp, false);
  await passes(a, outsideIp);
  await ipu.restart();
  await tellPorts();
  await ipu.vsp.client.completeReplay();
  await passes(a, outsideIp);
  await passes(blue, outsideBlueIp, false);
});
