/** The NetSec plugin's DPU side on the node's own Open vSwitch, with virtual functions that come late: needs root. */
import type { CardCondition } from '@dpu-operator/sdk';
import { exec } from '@dpu-operator/sdk/linux';
import type { StartedPlugin } from '@dpu-operator/sdk/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { MachineSwitch } from '../../support/network/machine-switch.ts';
import type { Netns } from '../../support/network/netns.ts';
import { backplanePort, NetsecFixture } from './fixture.ts';

const outsideIp = '10.9.0.100';
const directory = '/run/nscmach-ovs';
let fixture: NetsecFixture;
let machine: MachineSwitch;
let dpu: StartedPlugin;
let pod: Netns;
let conditions: readonly CardCondition[] = [];

const initialise = () => dpu.client.init({ dpuMode: true, dpuIdentifier: 'nscmach-card' });
const status = async () => (await dpu.client.getBridgePort('bridgePorts/host0-0')).operStatus;
const condition = (type: string) => conditions.find((each) => each.type === type);
const vsctl = async (...args: string[]) => (await exec('ovs-vsctl', [`--db=unix:${machine.database}`, ...args])).stdout;

beforeAll(async () => {
  fixture = await NetsecFixture.create('nscmach', {
    vfs: 2,
    heldBack: true,
    settings: { ovsDatabase: `${directory}/db.sock`, networkFunctionPorts: 2 },
  });
  machine = await new MachineSwitch(directory, fixture.dpuNode).create();
  const host = await fixture.start('host');
  await host.client.init({ dpuMode: false, dpuIdentifier: '0000c9ffff00ab12' });
  dpu = await fixture.start('dpu');
  dpu.client.watchStatus(
    (now) => {
      conditions = now.conditions;
    },
    () => {},
  );
  await initialise();
  await fixture.outside.up('eth0', `${outsideIp}/24`);
  pod = await fixture.netns('pod');
});
afterAll(async () => {
  await dpu?.close();
  await machine?.stop();
  await fixture?.[Symbol.asyncDispose]();
});

it('a port waits for the network device of its function, and works when that comes', async () => {
  const { mac } = await fixture.hostNode.give('ens1f0v0', pod, 'net1', '10.9.0.1/24');
  const made = await dpu.client.createBridgePort({
    name: 'host0-0',
    macAddress: mac,
    type: 'ACCESS',
    logicalBridges: ['2'],
  });
  expect(made.operStatus).toBe('DOWN');
  expect(made.components?.map(({ details }) => details).join()).toContain('waits for the network device of 0000:f5:');
  await expect
    .poll(() => condition('VirtualFunctions'))
    .toMatchObject({
      status: 'False',
      reason: 'NotUsable',
      message: expect.stringMatching(/^0000:f5:.*waits for its network device/),
    });
  await fixture.dpuSysfs.probe(backplanePort);
  await eventually('the port is up', status, (is) => is === 'UP');
  await eventually('a ping', () => pod.reaches(outsideIp), Boolean);
  await expect.poll(() => condition('VirtualFunctions')?.reason).toBe('Usable');
});

it('a restart of the plugin interrupts nothing', async () => {
  await dpu.close();
  expect(await pod.reaches(outsideIp)).toBe(true);
  dpu = await fixture.start('dpu');
  await initialise();
  expect(await pod.reaches(outsideIp)).toBe(true);
});

it('takes its own away with the last device, while others stay', async () => {
  await vsctl('add-br', 'br-admin', '--', 'set', 'bridge', 'br-admin', 'datapath_type=netdev');
  expect(await dpu.client.setNumVfs(0)).toBe(0);
  expect((await vsctl('list-br')).trim()).toBe('br-admin');
  expect(await fixture.dpuSysfs.virtualFunctions(backplanePort)).toEqual([]);
});

it('has its virtual functions again with the first device', async () => {
  expect(await dpu.client.setNumVfs(2)).toBe(2);
  expect(await fixture.dpuSysfs.virtualFunctions(backplanePort)).toHaveLength(2);
});
