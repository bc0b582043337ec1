/** Ordered chains of bridging and routing functions on the software DPU: needs root, openvswitch-switch, ethtool, ping. */
import { readFile } from 'node:fs/promises';
import { DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import { type Exec, exec } from '@dpu-operator/sdk/linux';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { type Netns, transfer } from '../../support/network/netns.ts';
import { present, type ServedSide, SoftwareDpuFixture } from './fixture.ts';

const hostIp = '192.0.2.1';
const dpuIp = '192.0.2.2';
const outsideIp = '10.9.0.100';
const routedIp = '10.8.0.100';
const settings = { peer: hostIp, networkFunctionPorts: 10 };

let fixture: SoftwareDpuFixture;
let dpuNode: Netns;
let outside: Netns;
let a: Netns;
let macA: string;
let dpu: ServedSide;
let [firewall, inspector, router, spare]: BridgingFunction[] = [];
/** A program that fails, of those that the plugin runs. */
let broken = '';

/** A network function's pod; unless it routes, it bridges net1 and net2. */
class BridgingFunction {
  readonly netns: Netns;
  readonly nf: NetworkFunction;

  private constructor(netns: Netns, nf: NetworkFunction) {
    this.netns = netns;
    this.nf = nf;
  }

  static async create(name: string, device: number, addresses: [string, string] = ['', '']) {
    const netns = await fixture.netns(name);
    const [input, output] = [
      await take(netns, device, 'net1', addresses[0]),
      await take(netns, device + 1, 'net2', addresses[1]),
    ];
    const made = new BridgingFunction(netns, { input, output });
    if (addresses[0] !== '') await netns.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
    else {
      const ports = ['net1', 'net2'].map((port) => `link set ${port} master br0`);
      await netns.links.batch(['link add br0 type bridge', ...ports, 'link set br0 up']);
    }
    return made;
  }

  /** Whether it lets frames out towards the outside; what arrives it hears all the same. */
  forwards(does: boolean): Promise<unknown> {
    return this.netns.links.batch([`link set net2 ${does ? 'master br0' : 'nomaster'}`]);
  }

  async forgets(): Promise<void> {
    await this.netns.run('ip', ['link', 'set', 'dev', 'net1', 'type', 'bridge_slave', 'fdb_flush']);
  }

  /** Whether frames of the pod arrived at its input. */
  async heardA(): Promise<boolean> {
    const { stdout } = await this.netns.run('bridge', ['fdb', 'show', 'brport', 'net1']);
    return stdout.includes(macA);
  }
}

async function take(netns: Netns, device: number, name: string, address: string): Promise<string> {
  if (address !== '') return (await dpuNode.give(`swdpu-nf${device}`, netns, name, address)).mac;
  await dpuNode.links.batch([`link set swdpu-nf${device} netns ${netns.name} name ${name}`]);
  await netns.links.batch([`link set ${name} up`]);
  return (await netns.links.find(name))?.mac ?? '';
}

function made(fn: BridgingFunction | undefined): BridgingFunction {
  if (!fn) throw new Error('the functions are made in beforeAll');
  return fn;
}

const chain = (name: string, ...functions: (BridgingFunction | undefined)[]) => ({
  name: `serviceChains/${name}`,
  networkFunctions: functions.map((fn) => made(fn).nf),
});
const reachesOutside = () => a.reaches(outsideIp);
const passes = () => eventually('a ping through the chain', reachesOutside, Boolean);

/** Which functions hear of the pod when one of them lets nothing pass. */
async function hearing(stopper: BridgingFunction | undefined): Promise<string[]> {
  const functions = { firewall: made(firewall), inspector: made(inspector) };
  await made(stopper).forwards(false);
  for (const fn of Object.values(functions)) await fn.forgets();
  expect(await reachesOutside()).toBe(false);
  const heard: string[] = [];
  for (const [name, fn] of Object.entries(functions)) if (await fn.heardA()) heard.push(name);
  await made(stopper).forwards(true);
  return heard;
}

/** All that the switch is told of its ports. */
async function portTable(): Promise<string[]> {
  const [directory] = await fixture.switchDirectories();
  const columns = '--columns=name,vlan_mode,tag,trunks,protected';
  const { stdout } = await exec('ovs-vsctl', [`--db=unix:${directory}/db.sock`, '-f', 'csv', columns, 'list', 'port']);
  return stdout.trim().split('\n').sort();
}

beforeAll(async () => {
  fixture = await SoftwareDpuFixture.create('vspchain');
  const hostNode = await fixture.netns('host');
  dpuNode = await fixture.netns('dpu');
  outside = await fixture.netns('outside');
  a = await fixture.netns('pod-a');
  await hostNode.join('up0', `${hostIp}/24`, dpuNode, 'up0', `${dpuIp}/24`);
  await dpuNode.join('dpu-uplink', '', outside, 'eth0', `${outsideIp}/24`);
  const inside = dpuNode.exec;
  const failing: Exec = async (file, args, options) => {
    if (file === broken) throw new DpuError('INTERNAL', `${file} is broken`);
    return inside(file, args, options);
  };
  const host = await fixture.side('host', hostNode, hostIp, { peer: dpuIp, vfs: 1 });
  dpu = await fixture.side('dpu', dpuNode, dpuIp, settings, failing);
  await dpu.init();
  await host.init();
  ({ mac: macA } = await hostNode.give('swdpu-vf0', a, 'net1', '10.9.0.1/24'));
  firewall = await BridgingFunction.create('firewall', 0);
  inspector = await BridgingFunction.create('inspector', 2);
  router = await BridgingFunction.create('router', 4, ['10.9.0.254/24', '10.8.0.254/24']);
  spare = await BridgingFunction.create('spare', 6);
  await a.links.batch(['route add 10.8.0.0/24 via 10.9.0.254']);
  await outside.links.batch([`addr add ${routedIp}/24 dev eth0`]);
  await createHostPort();
  await passes();
});
afterAll(() => fixture?.[Symbol.asyncDispose]());

const createHostPort = () =>
  dpu.client.createBridgePort({ name: 'host0-0', macAddress: macA, type: 'ACCESS', logicalBridges: ['2'] });

describe('a chain', () => {
  it('of two bridging functions leads the pod outside through both, in order', async () => {
    const edge = chain('edge', firewall, inspector);
    expect(await dpu.client.createChain(edge)).toEqual(edge);
    expect(await dpu.client.createChain(edge)).toEqual(edge);
    expect(await dpu.client.listChains()).toEqual([edge]);
    await passes();
    expect(await hearing(firewall)).toEqual(['firewall']);
    expect(await hearing(inspector)).toEqual(['firewall', 'inspector']);
    await passes();
    expect(await transfer(a, outside, outsideIp, 3_000_000)).toBe(3_000_000);
  });

  it('stands beside a routed one, which an update of it does not interrupt', async () => {
    await dpu.client.createChain(chain('routed', router));
    // Only the answers to the pod go back through the router: its other frames belong to the first chain.
    await outside.links.batch(['route add 10.9.0.1/32 via 10.8.0.254']);
    const crossed = () => a.reaches(routedIp);
    await eventually('a ping through the routed chain', crossed, Boolean);
    const pings = a.run('ping', ['-q', '-i', '0.02', '-c', '150', '-W', '5', routedIp], true);
    const { name } = chain('edge', firewall);
    await expect(dpu.client.createChain(chain('edge', inspector, firewall))).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    const turned = chain('edge', inspector, firewall);
    expect(await dpu.client.updateChain({ ...turned, name: 'edge' })).toEqual({ ...turned, name });
    expect((await pings).stdout).toContain(' 0% packet loss');
    await outside.links.batch(['route del 10.9.0.1/32']);
  });

  it('passes its functions in the new order after an update', async () => {
    await passes();
    expect(await hearing(inspector)).toEqual(['inspector']);
    expect(await hearing(firewall)).toEqual(['firewall', 'inspector']);
    await passes();
  });

  it('beside another that bridges is no loop', async () => {
    await dpu.client.createChain(chain('second', spare));
    const before = await received();
    await a.run('ip', ['neigh', 'flush', 'dev', 'net1']);
    await passes();
    // The question for the address came twice; a loop would repeat it thousands of times a second.
    expect((await received()) - before).toBeLessThan(200);
    await dpu.client.deleteChain('serviceChains/second', present);
  });
});

async function received(): Promise<number> {
  const { stdout } = await outside.run('cat', ['/sys/class/net/eth0/statistics/rx_packets'], true);
  return Number(stdout);
}

describe('a function of a chain', () => {
  const refused = { code: 'FAILED_PRECONDITION' };

  it('is in no other chain, and not a single function at once', async () => {
    const ports = await portTable();
    const other = dpu.client.createChain(chain('other', spare, firewall));
    await expect(other).rejects.toMatchObject({ ...refused, message: expect.stringContaining('edge') });
    const nf = made(firewall).nf;
    await expect(dpu.client.createNetworkFunction(nf)).rejects.toMatchObject(refused);
    await expect(dpu.client.deleteNetworkFunction(nf)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('edge'),
    });
    await dpu.client.createNetworkFunction(made(spare).nf);
    await expect(dpu.client.createChain(chain('other', spare))).rejects.toMatchObject(refused);
    await expect(dpu.client.updateChain(chain('edge', firewall, spare))).rejects.toMatchObject(refused);
    await dpu.client.deleteNetworkFunction(made(spare).nf);
    expect(await portTable()).toEqual(ports);
  });

  it('must be there, and once', async () => {
    const ports = await portTable();
    const unknown = { input: '02:00:00:00:00:01', output: '02:00:00:00:00:02' };
    const withUnknown = { name: 'other', networkFunctions: [made(spare).nf, unknown] };
    await expect(dpu.client.createChain(withUnknown)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(dpu.client.createChain(chain('other', spare, spare))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(dpu.client.createChain(chain('other'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(dpu.client.updateChain(chain('other', spare))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(dpu.client.deleteChain('other', present)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await portTable()).toEqual(ports);
  });
});

describe('a change that fails half way', () => {
  const unchanged = async (change: () => Promise<unknown>, program: string) => {
    const [ports, chains] = [await portTable(), await dpu.client.listChains()];
    broken = program;
    await expect(change()).rejects.toMatchObject({ code: 'INTERNAL' });
    broken = '';
    // Its own programs failed while it went back: it does so when they work again.
    await eventually('the former ports', portTable, (now) => now.join() === ports.join());
    expect(await dpu.client.listChains()).toEqual(chains);
    await eventually('a ping outside', reachesOutside, Boolean);
  };

  it('leaves a chain that cannot be made out, all of it', async () => {
    // The switch has taken the ports on when their offloads turn out not to be settable.
    await unchanged(() => dpu.client.createChain(chain('other', spare)), 'ethtool');
    await unchanged(() => dpu.client.createChain(chain('other', spare)), 'ovs-vsctl');
  });

  it('leaves a chain as it was', async () => {
    await unchanged(() => dpu.client.updateChain(chain('edge', inspector, spare, firewall)), 'ethtool');
    await unchanged(() => dpu.client.deleteChain('edge', present), 'ovs-vsctl');
    expect(await hearing(inspector)).toEqual(['inspector']);
    await passes();
  });
});

describe('a restart', () => {
  it('of Open vSwitch, killed, brings the chains back', async () => {
    const [directory] = await fixture.switchDirectories();
    const ports = await portTable();
    process.kill(Number(await readFile(`${directory}/ovs-vswitchd.pid`, 'utf8')), 'SIGKILL');
    const table = () => portTable().catch(() => []);
    await eventually('the former ports', table, (now) => now.join() === ports.join());
    await passes();
    expect(await hearing(inspector)).toEqual(['inspector']);
  });

  it('of the plugin opens no way around the chains, which work when they are repeated', async () => {
    const chains = await dpu.client.listChains();
    await dpu.close();
    dpu = await fixture.side('dpu', dpuNode, dpuIp, settings);
    await dpu.init();
    // As long as its functions are missing, and the daemon cannot repeat it, nothing goes around it.
    await createHostPort();
    expect(await reachesOutside()).toBe(false);
    for (const repeated of chains) await dpu.client.createChain(repeated);
    await passes();
    expect(await hearing(inspector)).toEqual(['inspector']);
  });
});

describe('a deletion', () => {
  it('closes the way through the chain and leaves the other', async () => {
    await passes();
    await dpu.client.deleteChain('serviceChains/edge', present);
    expect(await reachesOutside()).toBe(false);
    await outside.links.batch(['route add 10.9.0.1/32 via 10.8.0.254']);
    await eventually('a ping through the routed chain', () => a.reaches(routedIp), Boolean);
    await dpu.client.createNetworkFunction(made(firewall).nf);
    await outside.links.batch(['route del 10.9.0.1/32']);
    await passes();
    await dpu.client.deleteNetworkFunction(made(firewall).nf);
  });

  it('of the last chain opens no way around it', async () => {
    await dpu.client.deleteChain('routed', present);
    expect(await dpu.client.listChains()).toEqual([]);
    expect(await reachesOutside()).toBe(false);
    await dpu.close();
    dpu = await fixture.side('dpu', dpuNode, dpuIp, settings);
    await dpu.init();
    await createHostPort();
    await dpu.client.completeReplay();
    expect(await reachesOutside()).toBe(false);
  });

  it('of everything opens the direct way', async () => {
    for (const fn of [firewall, inspector, router, spare]) await made(fn).netns.delete();
    await dpu.client.setNumVfs(0);
    await createHostPort();
    await eventually('a ping without functions', reachesOutside, Boolean);
  });
});
