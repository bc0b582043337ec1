/** The Marvell plugin's DPU side on an Open vSwitch that is the card's: needs root, openvswitch-switch, ping. */
import type { CardCondition, CardEvent } from '@dpu-operator/sdk';
import { exec } from '@dpu-operator/sdk/linux';
import type { StartedPlugin } from '@dpu-operator/sdk/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { bridgePort } from '../../support/network/bridge-port.ts';
import { MachineSwitch } from '../../support/network/machine-switch.ts';
import type { Netns } from '../../support/network/netns.ts';
import { givePod, MarvellFixture } from './fixture.ts';

const outsideIp = '10.9.0.100';

let fixture: MarvellFixture;
let machine: MachineSwitch;
let vsp: StartedPlugin;
let a: Netns;
let mac: string;
let conditions: readonly CardCondition[] = [];
let events: readonly CardEvent[] = [];

const passes = () => eventually('the pod reaches the outside', () => a.reaches(outsideIp), Boolean);
const vsctl = async (...args: string[]) => (await exec('ovs-vsctl', [`--db=unix:${machine.database}`, ...args])).stdout;
const port = (vf: number, macAddress = mac) => bridgePort(vf, macAddress);
const portStatus = (vf: number) => vsp.client.getBridgePort(`bridgePorts/host0-${vf}`);
const condition = (type: string) => conditions.find((each) => each.type === type);
const healthy = async () => (await vsp.client.ping('test')).healthy;

async function start(settings: object = {}): Promise<void> {
  vsp = await fixture.start({ ovsDatabase: machine.database, ...settings });
  vsp.client.watchStatus(
    (now) => {
      ({ conditions, events } = now);
    },
    () => {},
  );
  await fixture.init();
}

beforeAll(async () => {
  fixture = await MarvellFixture.create('mrvmach', 2);
  await fixture.outside.up('eth0', `${outsideIp}/24`);
  machine = new MachineSwitch('/run/mrvmach-ovs', fixture.dpu);
  a = await fixture.netns('pod-a');
  mac = await givePod(fixture.host, 0, a, '10.9.0.1/24');
});
afterAll(async () => {
  await vsp?.close();
  await machine?.stop();
  await fixture?.[Symbol.asyncDispose]();
});

it('says which switch does not answer, and takes it when it does', async () => {
  await expect(start()).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining(`does not answer at ${machine.database}`),
  });
  await vsp.close();
  await machine.create();
  await vsctl('add-br', 'br-mrv0');
  await expect(start()).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: expect.stringContaining('the bridge br-mrv0 has the datapath system, not netdev'),
  });
  await vsp.close();
  await vsctl('del-br', 'br-mrv0');
  await start();
  await vsctl('add-br', 'br-admin', '--', 'set', 'bridge', 'br-admin', 'datapath_type=netdev');
  expect(await vsp.client.createBridgePort(port(0))).toMatchObject({ operStatus: 'UP' });
  await passes();
});

it.each(['ovs-vswitchd', 'ovsdb-server'] as const)(
  'is told when %s is gone, and goes on when it is back',
  async (program) => {
    await machine.kill(program);
    await eventually('the loss', healthy, (answer) => !answer);
    await expect
      .poll(() => condition('Healthy'))
      .toMatchObject({
        status: 'False',
        reason: 'SwitchLost',
        message: expect.stringContaining(`${program} of the machine ended`),
      });
    await expect(vsp.client.createBridgePort(port(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    // What could not be taken away is not said to be.
    await expect(vsp.client.setNumVfs(0)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await vsp.client.setNumVfs(8)).toBe(8);
    await machine.start(program);
    await eventually('the return', healthy, Boolean);
    await passes();
    await expect.poll(() => condition('Healthy')?.reason).toBe('SwitchWorks');
    const returned = events.findLast(({ reason }) => reason === 'SwitchReturned');
    expect(returned?.message).toMatch(/ports and flows were made again \d+ ms after it went/);
  },
);

it("a port of somebody else's is not taken, also one that came while the switch was down; without it all is well", async () => {
  const taken = 'the switch has a port sdp2 that this plugin did not make';
  await vsctl('add-port', 'br-mrv0', 'sdp2');
  await expect(vsp.client.createBridgePort(port(1, '02:00:00:00:00:77'))).rejects.toMatchObject({
    code: 'INTERNAL',
    message: expect.stringContaining(taken),
  });
  expect(await vsctl('get', 'port', 'sdp2', 'external_ids')).toBe('{}\n');
  await vsctl('del-port', 'sdp2');
  expect(await vsp.client.createBridgePort(port(1, '02:00:00:00:00:77'))).toMatchObject({ operStatus: 'UP' });

  await machine.kill('ovs-vswitchd');
  await eventually('the loss', healthy, (answer) => !answer);
  await vsctl('--no-wait', 'del-port', 'sdp2', '--', 'del-port', 'rpm0', '--', 'add-port', 'br-admin', 'sdp2');
  await vsctl('--no-wait', 'add-port', 'br-admin', 'rpm0');
  await machine.start('ovs-vswitchd');
  const details = async () => (await portStatus(1)).components?.map((each) => each.details).join() ?? '';
  await eventually('the port says why', details, (text) => text.includes(taken));
  await expect
    .poll(() => condition('Uplink'))
    .toMatchObject({
      reason: 'NotOnBridge',
      message: expect.stringContaining('ovs-vsctl del-port rpm0'),
    });
  await vsctl('del-port', 'sdp2', '--', 'del-port', 'rpm0');
  await eventually(
    'the port is up',
    async () => (await portStatus(1)).operStatus,
    (is) => is === 'UP',
  );
  await expect.poll(() => condition('Uplink')?.reason).toBe('Carrier');
  await passes();
  await vsp.client.deleteBridgePort('bridgePorts/host0-1', { allowMissing: false });
});

it('a port that somebody took away is made again', async () => {
  await vsctl('del-port', 'sdp1');
  await passes();
});

it('a bridge that somebody deleted, with its ports and flows, is made again', async () => {
  await vsctl('del-br', 'br-mrv0');
  await passes();
  const another = ['add-br', 'br-mrv0', '--', 'set', 'bridge', 'br-mrv0', 'datapath_type=netdev'];
  await vsctl('del-br', 'br-mrv0', '--', ...another);
  await passes();
  // That one was not ours: the next is.
  await vsctl('del-br', 'br-mrv0');
  await passes();
});

it('a port whose link does not go up, or does not take a setting, fails alone', async () => {
  // With the MAC of the link below it, a macvlan does not.
  const address = 'address 02:00:00:00:00:99';
  const below = ['link del sdp2', `link add mrvmach-below ${address} type bridge`];
  await fixture.dpu.links.batch([
    ...below,
    `link add link mrvmach-below name sdp2 ${address} type macvlan mode bridge`,
  ]);
  const refuses = (why: string) =>
    expect(vsp.client.createBridgePort(port(1, '02:00:00:00:00:77'))).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining(why),
    });
  await refuses('sdp2 does not go up');
  await vsp.client.updateBridgePort(port(0, '02:00:00:00:00:78'));
  await vsp.client.updateBridgePort(port(0));
  await passes();
  await fixture.dpu.links.batch(['link set mrvmach-below address 02:00:00:00:00:98']);
  // Nor can a macvlan do without GRO.
  await refuses('sdp2 goes on joining frames that it receives');
  await vsp.client.updateBridgePort(port(0, '02:00:00:00:00:78'));
  await vsp.client.updateBridgePort(port(0));
  await passes();
});

it('a port that was refused comes up when it can, although nobody tells when', async () => {
  const name = 'bridgePorts/host0-1';
  const address = '02:00:00:00:00:97';
  const macvlan = (device: string) =>
    `link add link mrvmach-below name ${device} address ${address} type macvlan mode bridge`;
  await fixture.dpu.run('ethtool', ['-K', 'mrvmach-below', 'gro', 'off']);
  expect((await vsp.client.createBridgePort(port(1, '02:00:00:00:00:77'))).components).toBeUndefined();
  // Of two with one MAC the second does not go up. What the first does in another namespace is not told in this one.
  await fixture.dpu.links.batch([macvlan('mrvmach-first'), `link set mrvmach-first netns ${fixture.outside.name}`]);
  await fixture.outside.links.batch(['link set mrvmach-first up']);
  await fixture.dpu.links.batch(['link del sdp2', macvlan('sdp2')]);
  const details = async () => (await portStatus(1)).components?.map((each) => each.details).join() ?? '';
  await eventually('the refusal', details, (text) => text.includes('sdp2 does not go up'));
  await fixture.outside.links.batch(['link set mrvmach-first down']);
  await eventually('no refusal', details, (text) => text === '');
  await vsp.client.deleteBridgePort(name, { allowMissing: false });
  await fixture.outside.links.batch(['link del mrvmach-first']);
});

it('an uplink that goes on joining frames is used, and told', async () => {
  await fixture.dpu.links.batch(['link set rpm0 down', 'link set rpm0 name mrvmach-port', 'link set mrvmach-port up']);
  // A macvlan cannot do without GRO where the link below has it.
  await fixture.dpu.run('ethtool', ['-K', 'mrvmach-port', 'gro', 'on']);
  await fixture.dpu.links.batch(['link add link mrvmach-port name rpm0 type macvlan mode passthru']);
  await expect
    .poll(() => condition('Uplink'))
    .toMatchObject({
      status: 'False',
      reason: 'JoinsFrames',
      message: expect.stringContaining('rpm0 joins frames that it receives (GRO)'),
    });
  await passes();
  await fixture.dpu.links.batch(['link del rpm0', 'link set mrvmach-port down', 'link set mrvmach-port name rpm0']);
  await expect.poll(() => condition('Uplink')?.reason).toBe('Carrier');
});

it('a restart interrupts nothing; what nobody asks for again goes once all was asked for, and nothing of others', async () => {
  await vsctl('--if-exists', 'del-port', 'sdp2');
  await vsp.close();
  expect(await a.reaches(outsideIp)).toBe(true);
  await start();
  expect(await a.reaches(outsideIp)).toBe(true);
  await vsp.client.completeReplay();
  await eventually(
    'no port of a host',
    () => vsctl('list-ports', 'br-mrv0'),
    (ports) => ports.trim() === 'rpm0',
  );
  expect((await fixture.dpu.links.find('sdp1'))?.up).toBe(false);
});

it('takes away what is its own, when there are to be no devices', async () => {
  await vsp.client.setNumVfs(0);
  expect((await vsctl('list-br')).trim()).toBe('br-admin');
  expect((await fixture.dpu.names()).filter((name) => /^(nf|dp)_interface/.test(name))).toEqual([]);
});

it('ports of DPDK are told to the switch with their addresses; one without DPDK says so', async () => {
  await vsp.close();
  await start({ dpdk: true });
  const columns = async (name: string) =>
    (await vsctl('--format=json', '--columns=type,options', 'list', 'interface', name)).replaceAll(/\s/g, '');
  const dpdk = (address: string) => `["dpdk",["map",[["dpdk-devargs","${address}"]]]]`;
  expect(await columns('rpm0-dpdk')).toContain(dpdk('0002:02:00.0'));
  await expect
    .poll(() => condition('Uplink'))
    .toMatchObject({
      reason: 'NotOnBridge',
      message: expect.stringContaining('rpm0-dpdk'),
    });
  await expect(vsp.client.createBridgePort(port(0))).rejects.toMatchObject({
    code: 'INTERNAL',
    message: expect.stringMatching(/^Open vSwitch: .*vf0-0/),
  });
  await vsp.client.setNumVfs(0);
  expect((await vsctl('list-br')).trim()).toBe('br-admin');
});
