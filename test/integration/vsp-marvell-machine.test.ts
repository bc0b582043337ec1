/** The Marvell plugin's DPU side on an Open vSwitch that is the card's: needs root, openvswitch-switch, ping. */
import { exec } from '@dpu-operator/sdk/linux';
import type { StartedPlugin } from '@dpu-operator/sdk/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type CardNodes, cardIn, givePod, MachineSwitch, type Stands, startDpuSide } from './vsp-marvell-bed.ts';
import { Bed, type Netns } from './vsp-mock-bed.ts';

const identifier = 'marvell-dpu-machine';
const outsideIp = '10.9.0.100';

let bed: Bed;
let nodes: CardNodes;
let sysfs: Stands;
let machine: MachineSwitch;
let vsp: StartedPlugin;
let a: Netns;
let mac: string;

const passes = () => eventually('the pod reaches the outside', () => a.reaches(outsideIp), Boolean);
const vsctl = async (...args: string[]) => (await exec('ovs-vsctl', [`--db=unix:${machine.database}`, ...args])).stdout;
const healthy = async () => (await vsp.client.ping('test')).healthy;

async function start(): Promise<void> {
  vsp = await startDpuSide(sysfs, identifier, { ovsDatabase: machine.database });
  await vsp.client.init({ dpuMode: true, dpuIdentifier: identifier });
}

beforeAll(async () => {
  bed = await Bed.create('mrvmach');
  ({ nodes, sysfs } = await cardIn(bed, 2));
  await nodes.outside.up('eth0', `${outsideIp}/24`);
  machine = new MachineSwitch('/run/mrvmach-ovs', nodes.dpu);
  a = await bed.netns('pod-a');
  mac = await givePod(nodes.host, 0, a, '10.9.0.1/24');
});
afterAll(async () => {
  await vsp?.close();
  await machine?.stop();
  await sysfs?.[Symbol.asyncDispose]();
  await bed?.[Symbol.asyncDispose]();
});

it('says which switch does not answer, and takes it when it does', async () => {
  await expect(start()).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining(`does not answer at ${machine.database}`),
  });
  await vsp.close();
  await machine.create();
  await start();
  await vsctl('add-br', 'br-admin', '--', 'set', 'bridge', 'br-admin', 'datapath_type=netdev');
  const port = { name: 'host0-0', macAddress: mac, type: 'ACCESS' as const, logicalBridges: ['2'] };
  expect(await vsp.client.createBridgePort(port)).toMatchObject({ operStatus: 'UP' });
  await passes();
});

it.each(['ovs-vswitchd', 'ovsdb-server'] as const)(
  'is told when %s is gone, and goes on when it is back',
  async (program) => {
    await machine.kill(program);
    await eventually('the loss', healthy, (answer) => !answer);
    await expect(
      vsp.client.createBridgePort({ name: 'host0-1', macAddress: mac, type: 'ACCESS', logicalBridges: [] }),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await machine.start(program);
    await eventually('the return', healthy, Boolean);
    await passes();
  },
);

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
  expect((await nodes.dpu.links.find('sdp1'))?.up).toBe(false);
});

it('takes away what is its own, when there are to be no devices', async () => {
  await vsp.client.setNumVfs(0);
  expect((await vsctl('list-br')).trim()).toBe('br-admin');
  expect((await nodes.dpu.names()).filter((name) => /^(nf|dp)_interface/.test(name))).toEqual([]);
});
