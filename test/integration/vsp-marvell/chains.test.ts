/** Network functions on the Marvell plugin's DPU side, with an Open vSwitch of its own: needs root, openvswitch-switch, ping. */
import { exec } from '@dpu-operator/sdk/linux';
import type { StartedPlugin } from '@dpu-operator/sdk/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bridgePort } from '../../support/network/bridge-port.ts';
import { type Netns, passes } from '../../support/network/netns.ts';
import { WireFunction } from '../../support/network/wire-function.ts';
import { present } from '../vsp-mock/fixture.ts';
import { givePod, MarvellFixture } from './fixture.ts';

const outsideIp = '10.9.0.100';

let fixture: MarvellFixture;
let vsp: StartedPlugin;
let a: Netns;
let b: Netns;
let macs: string[];

const port = (vf: number, ...logicalBridges: string[]) => bridgePort(vf, macs[vf] ?? '', ...logicalBridges);
const ofctl = (...args: string[]) => {
  const [command = '', ...rest] = args;
  return exec('ovs-ofctl', ['-OOpenFlow14', command, `unix:${fixture.switchDirectory}/br-mrv0.mgmt`, ...rest]);
};

beforeAll(async () => {
  fixture = await MarvellFixture.create('mrvchain', 3);
  await fixture.outside.up('eth0', `${outsideIp}/24`);
  vsp = await fixture.start({ networkFunctionPorts: 4 });
  await fixture.init();
  [a, b] = [await fixture.netns('pod-a'), await fixture.netns('pod-b')];
  macs = [await givePod(fixture.host, 0, a, '10.9.0.1/24'), await givePod(fixture.host, 1, b, '10.9.0.2/24')];
  await vsp.client.createLogicalBridge({ name: 'logicalBridges/five', vlanId: 5 });
  for (const vf of [0, 1]) await vsp.client.createBridgePort(port(vf));
  await passes(a, outsideIp);
});
afterAll(() => fixture?.[Symbol.asyncDispose]());

describe('a chain of two functions', () => {
  let [first, second]: WireFunction[] = [];
  const made = (fn: WireFunction | undefined) => {
    if (!fn) throw new Error('the functions are made in beforeAll');
    return fn;
  };
  const chain = (...functions: (WireFunction | undefined)[]) => {
    return { name: 'serviceChains/edge', networkFunctions: functions.map((fn) => made(fn).nf) };
  };
  /** Which functions the pod's frames for the outside reach. */
  const hearing = async (): Promise<boolean[]> => {
    const count = () => Promise.all([first, second].map((fn) => made(fn).heard('net1')));
    const before = await count();
    const pings = 50;
    await a.run('ping', ['-q', '-c', `${pings}`, '-i', '0.01', '-W', '1', outsideIp], true);
    return (await count()).map((after, index) => after - (before[index] ?? 0) >= pings);
  };
  const foreign = 'cookie=0x77,priority=7,in_port=77,actions=drop';

  beforeAll(async () => {
    first = await WireFunction.create(fixture, fixture.dpu, 'first', ['nf_interface0', 'nf_interface1']);
    second = await WireFunction.create(fixture, fixture.dpu, 'second', ['nf_interface2', 'nf_interface3']);
    await ofctl('add-flow', foreign);
    // Questions for its address do not come back while a function stops them.
    const { mac = '' } = (await fixture.outside.links.find('eth0')) ?? {};
    await a.run('ip', ['neigh', 'replace', outsideIp, 'lladdr', mac, 'dev', 'net1']);
    await vsp.client.createChain(chain(first, second));
  });

  it('leads to the outside through both, in order', async () => {
    await passes(a, outsideIp);
    expect(await hearing()).toEqual([true, true]);
    await made(first).forwards(false);
    expect(await hearing()).toEqual([true, false]);
    await passes(a, outsideIp, false);
    await made(first).forwards(true);
    await passes(a, outsideIp);
  });

  it('in the other order after an update', async () => {
    await vsp.client.updateChain(chain(second, first));
    await passes(a, outsideIp);
    await made(second).forwards(false);
    expect(await hearing()).toEqual([false, true]);
    await made(second).forwards(true);
    await passes(a, outsideIp);
  });

  it('leads from host to host as well, turned round at the output', async () => {
    for (const [pod, ip, mac] of [
      [a, '10.9.0.2', macs[1]],
      [b, '10.9.0.1', macs[0]],
    ] as const) {
      await pod.run('ip', ['neigh', 'replace', ip, 'lladdr', mac ?? '', 'dev', 'net1']);
    }
    await passes(a, '10.9.0.2');
    await made(first).forwards(false);
    await passes(a, '10.9.0.2', false);
    await made(first).forwards(true);
    const { stdout } = await ofctl('dump-flows', `dl_dst=${macs[1]}`);
    expect(stdout).toMatch(/n_packets=[1-9]\d*, .*actions=IN_PORT/i);
  });

  it('keeps logical bridges apart', async () => {
    await vsp.client.updateBridgePort(port(1, 'five'));
    await passes(a, '10.9.0.2', false);
    await vsp.client.updateBridgePort(port(1, '3'));
    await passes(a, '10.9.0.2');
  });

  it('works again when the switch was killed, and says how long it did not', async () => {
    await exec('pkill', ['-9', '--pidfile', `${fixture.switchDirectory}/ovs-vswitchd.pid`]);
    await passes(a, outsideIp);
    const told = () => vsp.logs.filter(({ msg }) => String(msg).includes('open vswitch is gone')).length;
    expect(told()).toBe(1);
    expect((await vsp.client.ping('test')).healthy).toBe(true);
    await ofctl('add-flow', foreign);
  });

  it('when it is gone nothing goes around it; flows of others stay', async () => {
    await vsp.client.deleteChain('serviceChains/edge', present);
    await passes(a, outsideIp, false);
    expect(await fixture.isUp('dp_interface0')).toBe(false);
    const { stdout } = await ofctl('dump-flows');
    expect(stdout).toContain('cookie=0x77');
  });

  it('single functions stand alone, and the way outside is theirs', async () => {
    await vsp.client.createNetworkFunction(made(first).nf);
    await passes(a, outsideIp);
    await vsp.client.deleteNetworkFunction(made(first).nf);
    await passes(a, outsideIp, false);
  });
});
