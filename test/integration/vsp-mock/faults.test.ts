/** The software DPU when its programs fail. */
import { DpuError } from '@dpu-operator/sdk';
import { type Exec, exec } from '@dpu-operator/sdk/linux';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import type { Netns } from '../../support/network/netns.ts';
import { present, SoftwareDpuFixture } from './fixture.ts';

let fixture: SoftwareDpuFixture;
let node: Netns;
beforeEach(async () => {
  fixture = await SoftwareDpuFixture.create('vspfault');
  node = await fixture.netns('node');
});
afterEach(() => fixture[Symbol.asyncDispose]());

/** The node's programs, of which one fails while `broken` says so. */
function failing(program: string, broken: () => boolean): Exec {
  const inside = node.exec;
  return async (file, args, options) => {
    if (file === program && broken()) throw new DpuError('INTERNAL', `${program} is broken`);
    return inside(file, args, options);
  };
}

it('keeps a device that could not be set up, as unhealthy, until it can', async () => {
  let broken = true;
  const ethtool = failing('ethtool', () => broken);
  const host = await fixture.side('host', node, '192.0.2.1', { vfs: 2 }, ethtool);
  await host.init();
  const before = await node.links.find('swdpu-vf1');
  expect(await host.client.getDevices()).toMatchObject([
    { id: 'swdpu-vf0', healthy: false, reason: 'ethtool is broken' },
    { id: 'swdpu-vf1', healthy: false, reason: 'ethtool is broken' },
  ]);
  broken = false;
  const health = async () => (await host.client.getDevices()).every(({ healthy }) => healthy);
  await eventually('healthy devices', health, Boolean);
  expect((await node.links.find('swdpu-vf1'))?.index).toBe(before?.index);
});

it('begins anew after a switch that started without its bridge', async () => {
  let failures = 0;
  const broken = () => failures++ === 1;
  const dpu = await fixture.side('dpu', node, '192.0.2.1', {}, failing('ovs-vsctl', broken));
  await expect(dpu.init()).rejects.toThrow('ovs-vsctl is broken');
  expect(await fixture.switchDirectories()).toEqual([]);
  await dpu.init();
  expect((await dpu.client.ping('test')).healthy).toBe(true);
});

it('starts a switch again that was killed, also when it is asked for something meanwhile', async () => {
  let starts = 0;
  const count = () => {
    starts += 1;
    return false;
  };
  const dpu = await fixture.side('dpu', node, '192.0.2.1', {}, failing('ovsdb-tool', count));
  await dpu.init();
  const [directory = ''] = await fixture.switchDirectories();
  const port = { name: 'host0-0', macAddress: '02:00:00:00:00:01', type: 'ACCESS' as const, logicalBridges: [] };
  for (const program of ['ovs-vswitchd', 'ovsdb-server']) {
    const before = starts;
    await exec('pkill', ['-9', '--pidfile', `${directory}/${program}.pid`]);
    await eventually(
      'the new start',
      async () => starts,
      (count) => count > before,
    );
    await dpu.client.createBridgePort(port);
    const ports = () => exec('ovs-vsctl', [`--db=unix:${directory}/db.sock`, 'list-br'], { allowFailure: true });
    await eventually('the bridge', ports, ({ stdout }) => stdout.trim() === 'br-swdpu');
    await dpu.client.deleteBridgePort('host0-0', present);
    expect((await dpu.client.ping('test')).healthy).toBe(true);
  }
});
