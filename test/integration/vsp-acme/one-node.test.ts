/** The example vendor's plugin with host and DPU on one node, a process for each side: needs root. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { bridgePort } from '../../support/network/bridge-port.ts';
import type { Netns } from '../../support/network/netns.ts';
import { WireFunction } from '../../support/network/wire-function.ts';
import { AcmeFixture, type Vsp } from './fixture.ts';

let fixture: AcmeFixture;
let node: Netns;
let outside: Netns;
let a: Netns;
let b: Netns;
let fn: WireFunction;
let host: Vsp;
let dpu: Vsp;
let untouched: string[];

const until = (what: string, look: () => Promise<boolean>) => eventually(what, async () => (await look()) || undefined);
const reachesB = () => a.reaches('10.9.0.2');

beforeAll(async () => {
  fixture = await AcmeFixture.create('acme1node');
  node = await fixture.netns('node');
  outside = await fixture.netns('outside');
  a = await fixture.netns('pod-a');
  b = await fixture.netns('pod-b');
  await node.join('dpu-uplink', '', outside, 'eth0', '10.9.0.100/24');
  untouched = await node.names();
  host = await fixture.vsp('host', node, '192.0.2.1', {});
  dpu = await fixture.vsp('dpu', node, '192.0.2.1', {});
  await Promise.all([host.start(false), dpu.start(true)]);
  const { mac: macA } = await node.give('acme-vf0', a, 'net1', '10.9.0.1/24');
  const { mac: macB } = await node.give('acme-vf1', b, 'net1', '10.9.0.2/24');
  await dpu.client.createBridgePort(bridgePort(0, macA));
  await dpu.client.createBridgePort(bridgePort(1, macB));
});
afterAll(() => fixture?.[Symbol.asyncDispose]());

it('has the VFs on the host side, and none on the DPU side', async () => {
  expect(await host.client.getDevices()).toHaveLength(8);
  expect(await dpu.client.getDevices()).toEqual([]);
});

it('joins two pods, and parts them with a bridge port', async () => {
  await until('a ping', reachesB);
  await until('a ping to the outside', () => a.reaches('10.9.0.100'));
  await dpu.client.deleteBridgePort('host0-1', { allowMissing: false });
  expect(await node.links.find('acme-rep1')).not.toHaveProperty('masterName');
  expect(await reachesB()).toBe(false);
  const mac = (await b.links.find('net1'))?.mac ?? '';
  await dpu.client.createBridgePort(bridgePort(1, mac));
  await until('a ping', reachesB);
});

it('puts a VF that was made anew back on its bridge', async () => {
  await b.delete();
  b = await fixture.netns('pod-b2');
  await until('acme-vf1', async () => (await node.names()).includes('acme-vf1'));
  await node.give('acme-vf1', b, 'net1', '10.9.0.2/24');
  await until('a ping', reachesB);
});

it('gives VFs to network functions', async () => {
  fn = await WireFunction.create(fixture, node, 'nf', ['acme-vf2', 'acme-vf3']);
  const chain = { name: 'serviceChains/web-chain', networkFunctions: [fn.nf] };
  await dpu.client.createChain(chain);
  await until('a ping through the function', () => a.reaches('10.9.0.100'));
  await fn.forwards(false);
  expect(await a.reaches('10.9.0.100')).toBe(false);
  await expect(dpu.client.createBridgePort(bridgePort(2, fn.nf.input))).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
  });
  await dpu.client.deleteChain(chain.name, { allowMissing: false });
  await dpu.client.createBridgePort(bridgePort(2, fn.nf.input));
  await expect(dpu.client.createChain(chain)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
});

it('leaves nothing behind at 0', async () => {
  for (const pod of [a, b, fn.netns]) await pod.delete();
  await dpu.client.setNumVfs(0);
  expect((await node.names()).filter((name) => !/^acme-(vf|rep)\d+$/.test(name))).toEqual(untouched);
  await host.client.setNumVfs(0);
  for (const vsp of [host, dpu]) await vsp.stop('SIGTERM');
  expect(await node.names()).toEqual(untouched);
});
