// #region contract:bridge
import { type BridgePort, DpuError, type LogicalBridge, type Outcome, pending, up } from '@dpu-operator/sdk';
import { expect, test } from 'vitest';
import type { Report } from '../src/card.ts';
import { MemoryCard } from '../src/memory-card.ts';
import { start } from './start.ts';

const blue: LogicalBridge = { name: 'logicalBridges/blue', vlanId: 10 };
const port: BridgePort = {
  name: 'bridgePorts/host0-1',
  macAddress: '02:00:00:00:00:01',
  type: 'ACCESS',
  logicalBridges: ['logicalBridges/blue'],
};

test('connects a virtual function to a bridge, and takes it off again', async () => {
  await using vsp = await start();
  await vsp.client.createLogicalBridge(blue);
  expect(await vsp.client.createBridgePort(port)).toMatchObject({ ...port, operStatus: 'UP' });
  const other = { ...port, macAddress: '02:00:00:00:00:02' };
  await vsp.client.updateBridgePort(other);
  expect([...vsp.card.bridges.values()]).toEqual([blue]);
  expect([...vsp.card.ports.values()]).toEqual([other]);
  await vsp.client.deleteBridgePort(port.name, { allowMissing: false });
  await vsp.client.deleteLogicalBridge(blue.name, { allowMissing: false });
  expect([...vsp.card.ports.keys(), ...vsp.card.bridges.keys()]).toEqual([]);
});

test('what the card cannot do is no matter of other ports', async () => {
  class SmallCard extends MemoryCard {
    override async setPort(asked: BridgePort): Promise<Outcome | undefined> {
      if (asked.name === 'bridgePorts/host0-7') throw new DpuError('RESOURCE_EXHAUSTED', 'the card has 7 ports');
      return super.setPort(asked);
    }
  }
  await using vsp = await start(new SmallCard('dpu', 8));
  await vsp.client.createLogicalBridge(blue);
  const outcomes = await Promise.allSettled([
    vsp.client.createBridgePort(port),
    vsp.client.createBridgePort({ ...port, name: 'bridgePorts/host0-7' }),
    vsp.client.createBridgePort({ ...port, name: 'bridgePorts/host0-2' }),
  ]);
  expect(outcomes).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: { code: 'RESOURCE_EXHAUSTED', message: 'the card has 7 ports' } },
    { status: 'fulfilled' },
  ]);
  expect([...vsp.card.ports.keys()].sort()).toEqual(['bridgePorts/host0-1', 'bridgePorts/host0-2']);
});

test('a port that the card goes on with is not up before the card says so', async () => {
  const reports: Report[] = [];
  class SlowCard extends MemoryCard {
    override async setPort(asked: BridgePort, bridges: readonly LogicalBridge[], report: Report): Promise<Outcome> {
      await super.setPort(asked, bridges, report);
      reports.push(report);
      return pending('waits for the link');
    }
  }
  await using vsp = await start(new SlowCard('dpu', 8));
  await vsp.client.createLogicalBridge(blue);
  const created = await vsp.client.createBridgePort(port);
  expect(created).toMatchObject({ operStatus: 'DOWN', components: [{ status: 'PENDING' }] });
  for (const report of reports) report(up);
  expect(await vsp.client.getBridgePort(port.name)).toMatchObject({ operStatus: 'UP' });
});

test('says which ports have no link', async () => {
  await using vsp = await start();
  await vsp.client.createBridgePort({ ...port, logicalBridges: [] });
  vsp.card.break('rep1');
  expect(await vsp.client.getBridgePort(port.name)).toMatchObject({ operStatus: 'DOWN' });
});

test('goes with the virtual functions', async () => {
  await using vsp = await start();
  await vsp.client.createLogicalBridge(blue);
  await vsp.client.createBridgePort(port);
  await vsp.client.setNumVfs(0);
  expect([...vsp.card.ports.keys(), ...vsp.card.bridges.keys()]).toEqual([]);
});
// #endregion
