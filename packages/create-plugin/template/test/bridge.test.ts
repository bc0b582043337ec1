// #region contract:bridge
import type { BridgePort, LogicalBridge } from '@dpu-operator/sdk';
import { expect, test } from 'vitest';
import { start } from './start.ts';

const blue: LogicalBridge = { name: 'logicalBridges/blue', vlanId: 10 };
const port: BridgePort = {
  name: 'bridgePorts/host0-1',
  macAddress: '02:00:00:00:00:01',
  type: 'ACCESS',
  logicalBridges: ['logicalBridges/blue'],
};

test('connects a virtual function to a bridge, once however often it is told', async () => {
  await using vsp = await start();
  await vsp.client.createLogicalBridge(blue);
  expect(await vsp.client.createBridgePort(port)).toEqual({ ...port, operStatus: 'UP' });
  expect(await vsp.client.createBridgePort(port)).toEqual({ ...port, operStatus: 'UP' });
  expect([...vsp.card.ports.keys()]).toEqual([port.name]);
  await expect(vsp.client.createBridgePort({ ...port, type: 'TRUNK' })).rejects.toMatchObject({
    code: 'ALREADY_EXISTS',
  });
  await vsp.client.updateBridgePort({ ...port, type: 'TRUNK' });
  expect(vsp.card.ports.get(port.name)).toMatchObject({ type: 'TRUNK' });
});

test('keeps a bridge that has ports', async () => {
  await using vsp = await start();
  await vsp.client.createLogicalBridge(blue);
  await vsp.client.createBridgePort({ ...port, logicalBridges: ['blue'] });
  const remove = () => vsp.client.deleteLogicalBridge(blue.name, { allowMissing: false });
  await expect(remove()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  await vsp.client.deleteBridgePort(port.name, { allowMissing: false });
  await remove();
  expect(vsp.card.bridges.size).toBe(0);
});

test('takes a bare number for no bridge, a name that is none for a mistake', async () => {
  await using vsp = await start();
  await vsp.client.createBridgePort({ ...port, logicalBridges: ['3'] });
  const elsewhere = { ...port, name: 'bridgePorts/host0-2', logicalBridges: ['logicalBridges/nowhere'] };
  await expect(vsp.client.createBridgePort(elsewhere)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect([...vsp.card.ports.keys()]).toEqual([port.name]);
});

test('goes with the virtual functions', async () => {
  await using vsp = await start();
  await vsp.client.createLogicalBridge(blue);
  await vsp.client.createBridgePort(port);
  await vsp.client.setNumVfs(0);
  expect([...vsp.card.ports.keys(), ...vsp.card.bridges.keys()]).toEqual([]);
  expect(await vsp.client.listBridgePorts()).toEqual([]);
});
// #endregion
