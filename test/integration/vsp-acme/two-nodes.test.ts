/** The example vendor's plugin across two nodes, on the kernel: needs root. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentCommands, words } from '../../support/documents/readme.ts';
import { eventually } from '../../support/eventually.ts';
import { bridgePort } from '../../support/network/bridge-port.ts';
import { type Netns, transfer } from '../../support/network/netns.ts';
import { WireFunction } from '../../support/network/wire-function.ts';
import { AcmeFixture, type Vsp } from './fixture.ts';

const hostIp = '192.0.2.1';
const dpuIp = '192.0.2.2';

let fixture: AcmeFixture;
let hostNode: Netns;
let dpuNode: Netns;
let outside: Netns;
let a: Netns;
let b: Netns;
let first: WireFunction;
let second: WireFunction;
let host: Vsp;
let dpu: Vsp;
let macA: string;
let macB: string;
let untouched: { host: string[]; dpu: string[] };

const until = (what: string, look: () => Promise<boolean>, wanted = true) =>
  eventually(what, async () => ((await look()) === wanted ? true : undefined));
const reachesB = () => a.reaches('10.9.0.2');
const reachesOutside = () => a.reaches('10.9.0.100');
const masterOf = async (link: string) => (await dpuNode.links.find(link))?.masterName;

const megabytes = 3_000_000;

beforeAll(async () => {
  fixture = await AcmeFixture.create('acme2nodes');
  hostNode = await fixture.netns('host');
  dpuNode = await fixture.netns('dpu');
  outside = await fixture.netns('outside');
  a = await fixture.netns('pod-a');
  b = await fixture.netns('pod-b');
  await hostNode.join('up0', `${hostIp}/24`, dpuNode, 'up0', `${dpuIp}/24`);
  await dpuNode.join('dpu-uplink', '', outside, 'eth0', '10.9.0.100/24');
  untouched = { host: await hostNode.names(), dpu: await dpuNode.names() };
  host = await fixture.vsp('host', hostNode, hostIp, { peer: dpuIp, vfs: 4 });
  dpu = await fixture.vsp('dpu', dpuNode, dpuIp, { peer: hostIp, functionPorts: 6 });
  await dpu.start(true);
  await host.start(false);
  ({ mac: macA } = await hostNode.give('acme-vf0', a, 'net1', '10.9.0.1/24'));
  ({ mac: macB } = await hostNode.give('acme-vf1', b, 'net1', '10.9.0.2/24'));
  await dpu.client.createBridgePort(bridgePort(0, macA));
  await dpu.client.createBridgePort(bridgePort(1, macB));
});
afterAll(() => fixture?.[Symbol.asyncDispose]());

describe('devices', () => {
  const idsOf = async ({ client }: Vsp) => (await client.getDevices()).map(({ id }) => id).sort();

  it('are all there, those of pods included', async () => {
    expect(await idsOf(host)).toEqual([0, 1, 2, 3].map((index) => `acme-vf${index}`));
    expect(await idsOf(dpu)).toEqual([0, 1, 2, 3, 4, 5].map((index) => `acme-nf${index}`));
  });

  it('are as many as asked for, and none is taken from a pod', async () => {
    expect(await host.client.setNumVfs(6)).toBe(6);
    expect(await hostNode.names()).toContain('acme-vf5');
    expect(await host.client.setNumVfs(4)).toBe(4);
    expect(await hostNode.names()).not.toContain('acme-tun5');
    await expect(host.client.setNumVfs(1)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await expect(host.client.setNumVfs(129)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
    expect(await host.client.getDevices()).toHaveLength(4);
  });

  it('are made anew when they die with a pod', async () => {
    const short = await fixture.netns('short-lived');
    await hostNode.give('acme-vf3', short, 'net1');
    await short.delete();
    await until('acme-vf3', async () => (await hostNode.names()).includes('acme-vf3'));
    expect((await host.client.getDevices()).every(({ healthy }) => healthy)).toBe(true);
  });
});

describe('bridges', () => {
  it("join two pods on the DPU's node", async () => {
    await until('a ping', reachesB);
    expect(await dpu.client.getBridgePort('host0-0')).toMatchObject({ macAddress: macA, operStatus: 'UP' });
    expect(await masterOf('acme-rep0')).toBe('acme-hosts');
  });

  it("are shown by the README's commands", async () => {
    const commands = await documentCommands('examples/vsp-acme/README.md', 'What is what');
    const shown = commands.map(async (command) => {
      const [program = '', ...args] = words(command);
      return (await dpuNode.run(program, args)).stdout;
    });
    const [bridges, ports] = await Promise.all(shown);
    expect(bridges).toContain('acme-hosts:');
    expect(ports).toMatch(/acme-rep0.* master acme-hosts/);
  });

  it('lead outside by the uplink', () => until('a ping', reachesOutside));

  it('carry TCP', async () => {
    expect(await transfer(a, b, '10.9.0.2', megabytes)).toBe(megabytes);
  });

  it('are kept apart as logical bridges', async () => {
    await dpu.client.createLogicalBridge({ name: 'logicalBridges/red-bridge', vlanId: 20 });
    await dpu.client.updateBridgePort(bridgePort(0, macA, 'logicalBridges/red-bridge'));
    expect(await reachesB()).toBe(false);
    expect(await reachesOutside()).toBe(false);
    await dpu.client.updateBridgePort(bridgePort(1, macB, 'red-bridge'));
    await until('a ping', reachesB);
    const inUse = dpu.client.deleteLogicalBridge('red-bridge', { allowMissing: false });
    await expect(inUse).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await dpu.client.updateBridgePort(bridgePort(0, macA));
    await dpu.client.updateBridgePort(bridgePort(1, macB));
    await dpu.client.deleteLogicalBridge('red-bridge', { allowMissing: false });
    expect(await dpuNode.names()).not.toContain('acme-lan20');
    await until('a ping', reachesB);
  });

  it('come back when someone deletes them', async () => {
    await dpuNode.links.batch(['link del acme-hosts', 'link del acme-rep1']);
    await until('a ping', reachesB);
  });
});

describe('network functions', () => {
  const chain = (...functions: WireFunction[]) => ({
    name: 'serviceChains/web-chain',
    networkFunctions: functions.map(({ nf }) => nf),
  });
  beforeAll(async () => {
    first = await WireFunction.create(fixture, dpuNode, 'nf-first', ['acme-nf0', 'acme-nf1']);
    second = await WireFunction.create(fixture, dpuNode, 'nf-second', ['acme-nf2', 'acme-nf3']);
  });

  it('are the only way outside', async () => {
    await dpu.client.createNetworkFunction(first.nf);
    await until('a ping through the function', reachesOutside);
    await until('a ping', reachesB);
    await first.forwards(false);
    expect(await reachesOutside()).toBe(false);
    await first.forwards(true);
    // Two that bridge side by side are no loop.
    await dpu.client.createNetworkFunction(second.nf);
    await until('a ping through one of them', reachesOutside);
    await dpu.client.deleteNetworkFunction(second.nf);
    await dpu.client.deleteNetworkFunction(first.nf);
    await dpu.client.deleteNetworkFunction(first.nf);
    await until('a ping without the function', reachesOutside);
  });

  it('need devices of the DPU', async () => {
    const nf = { input: '02:00:00:00:00:01', output: '02:00:00:00:00:02' };
    await expect(dpu.client.createNetworkFunction(nf)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const refused = dpu.client.createChain({ ...chain(first), networkFunctions: [first.nf, nf] });
    await expect(refused).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await dpu.client.listChains()).toEqual([]);
    await until('a ping outside', reachesOutside);
  });

  it('are passed in the order of their chain', async () => {
    await dpu.client.createChain(chain(first, second));
    await until('a ping through both', reachesOutside);
    expect(await Promise.all([0, 1, 2, 3].map((index) => masterOf(`acme-np${index}`)))).toEqual([
      'acme-hosts',
      'acme-hop1',
      'acme-hop1',
      'acme-outside',
    ]);
    expect(await transfer(a, outside, '10.9.0.100', megabytes)).toBe(megabytes);
    const passes = async (cut: WireFunction, other: WireFunction) => {
      await cut.forwards(false);
      const before = await other.heard('net1');
      expect(await reachesOutside()).toBe(false);
      const after = await other.heard('net1');
      await cut.forwards(true);
      await until('a ping through both', reachesOutside);
      return after > before;
    };
    expect(await passes(second, first)).toBe(true);
    expect(await passes(first, second)).toBe(false);
    await dpu.client.updateChain(chain(second, first));
    await until('a ping through both', reachesOutside);
    expect(await passes(second, first)).toBe(false);
    expect(await passes(first, second)).toBe(true);
  });

  it('are in one chain only', async () => {
    const other = { ...chain(first), name: 'serviceChains/other-chain' };
    await expect(dpu.client.createChain(other)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await expect(dpu.client.createChain(chain(first))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await expect(dpu.client.deleteNetworkFunction(first.nf)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });
});

describe('a plugin that is killed', () => {
  const blue = { name: 'logicalBridges/blue-bridge', vlanId: 30, vni: 7 };
  const forgotten = { name: 'logicalBridges/grey-bridge', vlanId: 31 };

  it('loses no frame of a chain, and takes over what is on the node when it is told again', async () => {
    await dpu.client.createLogicalBridge(blue);
    await dpu.client.createLogicalBridge(forgotten);
    const [ports, chains, links] = [await dpu.client.listBridgePorts(), await dpu.client.listChains(), await indices()];
    const pinging = a.run('ping', ['-c40', '-i0.1', '-W1', '10.9.0.100'], true);
    await dpu.stop('SIGKILL');
    await host.stop('SIGKILL');
    await Promise.all([dpu.start(true), host.start(false)]);
    expect(await dpu.client.listBridgePorts()).toEqual([]);
    for (const chain of chains) await dpu.client.createChain(chain);
    await dpu.client.createLogicalBridge(blue);
    await dpu.client.createBridgePort(bridgePort(0, macA));
    await dpu.client.createBridgePort(bridgePort(1, macB));
    expect(await dpu.client.listBridgePorts()).toEqual(ports);
    expect(await indices()).toEqual(links);
    await dpu.client.completeReplay();
    expect((await pinging).stdout).toContain('40 received');
    expect(await dpuNode.names()).not.toContain('acme-lan31');
    expect(Object.keys(await indices())).toEqual(Object.keys(links).filter((name) => name !== 'acme-lan31'));
    expect(await host.client.getDevices()).toHaveLength(4);
  });

  it('keeps the outside closed without the chain until it starts anew and knows that there is none', async () => {
    await dpu.client.deleteChain('web-chain', { allowMissing: false });
    expect(await reachesOutside()).toBe(false);
    await until('a ping', reachesB);
    await dpu.stop('SIGTERM');
    await dpu.start(true);
    await dpu.client.createBridgePort(bridgePort(0, macA));
    expect(await masterOf('dpu-uplink')).toBe('acme-outside');
    await until('a ping', reachesB);
    await dpu.client.createBridgePort(bridgePort(1, macB));
    await dpu.client.completeReplay();
    await until('a ping without functions', reachesOutside);
  });

  /** By name: a link that was made anew has another one. */
  async function indices(): Promise<Record<string, number>> {
    return Object.fromEntries((await dpuNode.links.list()).map(({ name, index }) => [name, index]));
  }

  it('takes away what is deleted by name, also before it is told what else is wanted', async () => {
    await dpu.stop('SIGKILL');
    await dpu.start(true);
    await dpu.client.deleteBridgePort('host0-1', { allowMissing: true });
    expect(await dpuNode.names()).not.toContain('acme-rep1');
    await dpu.client.createBridgePort(bridgePort(0, macA));
    expect(await masterOf('acme-rep0')).toBe('acme-hosts');
    await until('a ping outside', reachesOutside);
    await dpu.client.completeReplay();
    await dpu.client.createBridgePort(bridgePort(1, macB));
    await until('a ping', reachesB);
  });
});

it('leaves nothing behind at 0', async () => {
  for (const pod of [a, b, first.netns, second.netns]) await pod.delete();
  expect(await host.client.setNumVfs(0)).toBe(0);
  expect(await dpu.client.setNumVfs(0)).toBe(0);
  for (const vsp of [host, dpu]) await vsp.stop('SIGTERM');
  expect(await hostNode.names()).toEqual(untouched.host);
  expect(await dpuNode.names()).toEqual(untouched.dpu);
});
