/** Functions for one logical bridge on the Marvell plugin's DPU side: needs root, openvswitch-switch, ping. */
import type { StartedPlugin } from '@dpu-operator/sdk/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bridgePort } from '../../support/network/bridge-port.ts';
import { splitCable } from '../../support/network/cable.ts';
import { type Netns, passes } from '../../support/network/netns.ts';
import { WireFunction } from '../../support/network/wire-function.ts';
import { present } from '../vsp-mock/fixture.ts';
import { givePod, MarvellFixture } from './fixture.ts';

const vlanId = 20;
const [outsideIp, outsideBlueIp, blueIp, blue2Ip] = ['10.9.0.100', '10.9.1.100', '10.9.1.1', '10.9.1.2'];

let fixture: MarvellFixture;
let vsp: StartedPlugin;
/** Pods: one on the default bridge, two on the other. */
let a: Netns;
let blue: Netns;
let blue2: Netns;
let first: WireFunction;
let second: WireFunction;

const ofBlue = () => ({ ...first.nf, bridgeId: 'blue' });
const blueChain = () => ({ name: 'serviceChains/blue-edge', networkFunctions: [ofBlue()] });

beforeAll(async () => {
  fixture = await MarvellFixture.create('mrvbridge', 3);
  vsp = await fixture.start({ networkFunctionPorts: 4 });
  await fixture.init();
  const [outsideBlue, ...pods] = await Promise.all(
    ['outside-blue', 'pod-a', 'pod-blue', 'pod-blue2'].map((name) => fixture.netns(name)),
  );
  [a, blue, blue2] = pods as [Netns, Netns, Netns];
  await splitCable({
    card: fixture.dpu,
    vsctl: (...args) => fixture.vsctl(...args),
    outside: fixture.outside,
    outsideOfVlan: outsideBlue as Netns,
    vlanId,
    addresses: { outside: `${outsideIp}/24`, ofVlan: `${outsideBlueIp}/24` },
  });
  await vsp.client.createLogicalBridge({ name: 'logicalBridges/blue', vlanId });
  const places = [
    { pod: a, address: '10.9.0.1', logicalBridges: ['2'] },
    { pod: blue, address: blueIp, logicalBridges: ['blue'] },
    { pod: blue2, address: blue2Ip, logicalBridges: ['blue'] },
  ];
  const macs: string[] = [];
  for (const [vf, { pod, address, logicalBridges }] of places.entries()) {
    const macAddress = await givePod(fixture.host, vf, pod, `${address}/24`);
    macs.push(macAddress);
    await vsp.client.createBridgePort(bridgePort(vf, macAddress, ...logicalBridges));
  }
  // Between hosts, broadcasts leave by the function's far end, and are not turned round.
  await blue2.run('ip', ['neigh', 'replace', blueIp, 'lladdr', macs[1] ?? '', 'dev', 'net1']);
  await blue.run('ip', ['neigh', 'replace', blue2Ip, 'lladdr', macs[2] ?? '', 'dev', 'net1']);
  first = await WireFunction.create(fixture, fixture.dpu, 'first', ['nf_interface0', 'nf_interface1']);
  second = await WireFunction.create(fixture, fixture.dpu, 'second', ['nf_interface2', 'nf_interface3']);
  await passes(a, outsideIp);
  await passes(blue, outsideBlueIp);
});
afterAll(() => fixture?.[Symbol.asyncDispose]());

describe('a function for one bridge', () => {
  it('has the frames of that bridge pass, and others go past it', async () => {
    await vsp.client.createNetworkFunction(ofBlue());
    await passes(blue, outsideBlueIp);
    await passes(blue2, blueIp);
    await first.forwards(false);
    await passes(blue, outsideBlueIp, false);
    await passes(blue2, blueIp, false);
    await passes(a, outsideIp);
    await first.forwards(true);
    await passes(blue, outsideBlueIp);
    await passes(blue2, blueIp);
  });

  it('keeps its bridge, and is refused for one that is not there', async () => {
    await expect(vsp.client.deleteLogicalBridge('blue', present)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('networkFunctions/'),
    });
    const other = { ...first.nf, bridgeId: 'green' };
    await expect(vsp.client.createNetworkFunction(other)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('stands beside another, and who was heard behind one is reached through it', async () => {
    await vsp.client.createNetworkFunction({ ...second.nf, bridgeId: 'blue' });
    await passes(blue, outsideBlueIp);
    await passes(blue2, blueIp);
    await vsp.client.deleteNetworkFunction(second.nf);
  });

  it('leaves when it goes: its bridge has its own way out again', async () => {
    await first.forwards(false);
    await vsp.client.deleteNetworkFunction(ofBlue());
    await passes(blue, outsideBlueIp);
    await passes(a, outsideIp);
    await first.forwards(true);
  });
});

describe('a chain for one bridge', () => {
  it('closes that one alone when it goes', async () => {
    await vsp.client.createChain(blueChain());
    await passes(blue, outsideBlueIp);
    await vsp.client.deleteChain('serviceChains/blue-edge', present);
    await passes(blue, outsideBlueIp, false);
    await passes(a, outsideIp);
  });

  it('and one for all others have nothing to do with each other', async () => {
    await vsp.client.createChain({ name: 'serviceChains/edge', networkFunctions: [second.nf] });
    await vsp.client.createChain(blueChain());
    await passes(a, outsideIp);
    await passes(blue, outsideBlueIp);
    await second.forwards(false);
    await passes(a, outsideIp, false);
    await passes(blue, outsideBlueIp);
    await second.forwards(true);
    await first.forwards(false);
    await passes(a, outsideIp);
    await passes(blue, outsideBlueIp, false);
  });
});
