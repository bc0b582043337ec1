/** The software DPU when its programs fail. */
import { DpuError } from '@dpu-operator/sdk';
import { type Exec, exec } from '@dpu-operator/sdk/linux';
import { linuxPlatform } from '@dpu-operator/vsp-mock';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Bed, type Netns } from './vsp-mock-bed.ts';

let bed: Bed;
let node: Netns;
beforeEach(async () => {
  bed = await Bed.create('vspfault');
  node = await bed.netns('node');
});
afterEach(() => bed[Symbol.asyncDispose]());

/** The node's programs, of which one fails while `broken` says so. */
function failing(program: string, broken: () => boolean): Exec {
  const { exec: inside } = linuxPlatform(node.path);
  return async (file, args, options) => {
    if (file === program && broken()) throw new DpuError('INTERNAL', `${program} is broken`);
    return inside(file, args, options);
  };
}

it('keeps a device that could not be set up, as unhealthy, until it can', async () => {
  let broken = true;
  const ethtool = failing('ethtool', () => broken);
  const host = bed.plugin(node, '192.0.2.1', { vfs: 2 }, ethtool);
  await host.init({ dpuMode: false, dpuIdentifier: 'software-dpu-node' });
  const before = await node.links.find('swdpu-vf1');
  expect((await host.getDevices()).map(({ healthy }) => healthy)).toEqual([false, false]);
  broken = false;
  const health = async () => (await host.getDevices()).every(({ healthy }) => healthy);
  await eventually('healthy devices', health, Boolean);
  expect((await node.links.find('swdpu-vf1'))?.index).toBe(before?.index);
});

it('begins anew after a switch that started without its bridge', async () => {
  let failures = 0;
  const broken = () => failures++ === 1;
  const dpu = bed.plugin(node, '192.0.2.1', {}, failing('ovs-vsctl', broken));
  const init = { dpuMode: true, dpuIdentifier: 'software-dpu-node' };
  await expect(dpu.init(init)).rejects.toThrow('ovs-vsctl is broken');
  expect(await bed.switchDirectories()).toEqual([]);
  await dpu.init(init);
  expect(await dpu.healthy()).toBe(true);
});

it('starts a switch again that was killed, also when it is asked for something meanwhile', async () => {
  let starts = 0;
  const count = () => {
    starts += 1;
    return false;
  };
  const dpu = bed.plugin(node, '192.0.2.1', {}, failing('ovsdb-tool', count));
  await dpu.init({ dpuMode: true, dpuIdentifier: 'software-dpu-node' });
  const [directory = ''] = await bed.switchDirectories();
  const port = { name: 'host0-0', macAddress: '02:00:00:00:00:01', type: 'ACCESS' as const, logicalBridges: [] };
  for (const program of ['ovs-vswitchd', 'ovsdb-server']) {
    const before = starts;
    await exec('pkill', ['-9', '--pidfile', `${directory}/${program}.pid`]);
    await eventually(
      'the new start',
      async () => starts,
      (count) => count > before,
    );
    await dpu.bridge.createBridgePort(port);
    const ports = () => exec('ovs-vsctl', [`--db=unix:${directory}/db.sock`, 'list-br'], { allowFailure: true });
    await eventually('the bridge', ports, ({ stdout }) => stdout.trim() === 'br-swdpu');
    await dpu.bridge.deleteBridgePort('host0-0');
    expect(await dpu.healthy()).toBe(true);
  }
});
