import { describe, expect, test } from 'vitest';
import type { BridgePort } from '../contract/contract.ts';
import type { BridgePortSpec } from '../generated/opi_api/network/evpn_gw/v1alpha1/BridgePortSpec.ts';
import { bridgePortService, logicalBridgeService } from '../wire/grpc/definitions.ts';
import { macToBytes } from '../wire/mapping/mac.ts';
import { hostInit, memoryDataPath, memoryPlugin, rawClient, serve, vspClient } from './testing.ts';

const mac = '02:00:00:00:00:01';
const spec: BridgePortSpec = {
  macAddress: macToBytes(mac),
  ptype: 'BRIDGE_PORT_TYPE_ACCESS',
  logicalBridges: ['2'],
};

async function bridge() {
  const dataPath = memoryDataPath();
  const { socketPath } = await serve(memoryPlugin({ dataPath }));
  const client = vspClient(socketPath);
  await client.init(hostInit);
  return { dataPath, client, call: rawClient(socketPath) };
}

describe('bridge ports', () => {
  test('by name only, as the Go operator creates and deletes them', async () => {
    const { dataPath, call } = await bridge();
    const created = await call(bridgePortService.CreateBridgePort, { bridgePort: { name: 'host0-3', spec } });
    expect(created).toMatchObject({ name: 'bridgePorts/host0-3', status: { operStatus: 'BP_OPER_STATUS_UP' } });
    const port: BridgePort = {
      name: 'bridgePorts/host0-3',
      macAddress: mac,
      type: 'ACCESS',
      logicalBridges: ['2'],
    };
    expect([...(dataPath.wanted?.bridgePorts.values() ?? [])]).toEqual([port]);
    await call(bridgePortService.DeleteBridgePort, { name: 'host0-3' });
    expect(dataPath.wanted?.bridgePorts.size).toBe(0);
  });

  test('by the daemon', async () => {
    const { client } = await bridge();
    const port: BridgePort = { name: 'host0-3', macAddress: mac, type: 'TRUNK', logicalBridges: [] };
    const created = { ...port, name: 'bridgePorts/host0-3', operStatus: 'UP' };
    await expect(client.createBridgePort(port)).resolves.toEqual(created);
    await expect(client.createBridgePort(port)).resolves.toEqual(created);
    await expect(client.createBridgePort({ ...port, type: 'ACCESS' })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    await client.deleteBridgePort('bridgePorts/host0-3', { allowMissing: false });
    await expect(client.deleteBridgePort('host0-3', { allowMissing: false })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await client.deleteBridgePort('host0-3', { allowMissing: true });
  });

  test('with wrong content are refused by the name of the field', async () => {
    const { call } = await bridge();
    const create = (bridgePortId: string, changes: object) =>
      call(bridgePortService.CreateBridgePort, { bridgePortId, bridgePort: { spec: { ...spec, ...changes } } });
    const refused = (field: string) => ({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(field) });
    await expect(create('abc', {})).rejects.toMatchObject(refused('bridge_port.name'));
    await expect(create('Host0-3', {})).rejects.toMatchObject(refused('4 to 63 characters'));
    await expect(create('', {})).rejects.toMatchObject(refused('bridge_port.name'));
    await expect(create('host0-3', { macAddress: Buffer.from([1]) })).rejects.toMatchObject(
      refused('spec.mac_address'),
    );
    await expect(create('host0-3', { ptype: 0 })).rejects.toMatchObject(refused('spec.ptype'));
    await expect(call(bridgePortService.CreateBridgePort, {})).rejects.toMatchObject(refused('bridge_port is missing'));
    await expect(call(bridgePortService.GetBridgePort, { name: 'other/host0-3' })).rejects.toMatchObject(
      refused('name'),
    );
  });

  test('are listed in pages', async () => {
    const { call } = await bridge();
    for (const id of ['port-c', 'port-a', 'port-b']) {
      await call(bridgePortService.CreateBridgePort, { bridgePortId: id, bridgePort: { spec } });
    }
    const list = (pageSize: number, pageToken = '') => call(bridgePortService.ListBridgePorts, { pageSize, pageToken });
    const first = await list(2);
    expect(first.bridgePorts.map(({ name }) => name)).toEqual(['bridgePorts/port-a', 'bridgePorts/port-b']);
    // What was sent last may go in between.
    await call(bridgePortService.DeleteBridgePort, { name: 'port-b' });
    const second = await list(2, first.nextPageToken);
    expect(second.bridgePorts.map(({ name }) => name)).toEqual(['bridgePorts/port-c']);
    expect(second.nextPageToken).toBe('');
    await expect(list(-1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(list(1, 'bogus')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('are updated by mask', async () => {
    const { call } = await bridge();
    const logicalBridge = { spec: { vlanId: 10 } };
    await call(logicalBridgeService.CreateLogicalBridge, { logicalBridgeId: 'blue', logicalBridge });
    await call(bridgePortService.CreateBridgePort, { bridgePortId: 'host0-3', bridgePort: { spec } });
    const update = (paths: string[], changes: object, name = 'host0-3', allowMissing = false) =>
      call(bridgePortService.UpdateBridgePort, {
        bridgePort: { name, spec: changes },
        updateMask: { paths },
        allowMissing,
      });
    const masked = await update(['spec.logical_bridges'], {
      logicalBridges: ['blue'],
      ptype: 'BRIDGE_PORT_TYPE_TRUNK',
    });
    expect(masked.spec).toMatchObject({ ...spec, logicalBridges: ['blue'] });
    const unmasked = await update([], { ptype: 'BRIDGE_PORT_TYPE_TRUNK' });
    expect(unmasked.spec).toMatchObject({ ptype: 'BRIDGE_PORT_TYPE_TRUNK', logicalBridges: ['blue'] });
    const emptied = await update(['spec.logical_bridges'], {});
    expect(emptied.spec?.logicalBridges).toEqual([]);
    await expect(update(['name'], {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(update(['*'], {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(update([], spec, 'host0-4')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(update([], spec, 'host0-4', true)).resolves.toMatchObject({ name: 'bridgePorts/host0-4' });
  });
});

describe('logical bridges', () => {
  test('keep VNI 0 and no VNI apart, and their tunnel end points', async () => {
    const { dataPath, call } = await bridge();
    const create = (logicalBridgeId: string, changes: object) =>
      call(logicalBridgeService.CreateLogicalBridge, {
        logicalBridgeId,
        logicalBridge: { spec: { vlanId: 10, ...changes } },
      });
    const vtepIpPrefix = { addr: { af: 'IP_AF_INET', v4Addr: 0x0a000001 }, len: 24 };
    const blue = await create('blue', { vni: 0, vtepIpPrefix });
    expect(blue.spec).toMatchObject({ vlanId: 10, vni: 0, vtepIpPrefix: { addr: { v4Addr: 0x0a000001 }, len: 24 } });
    const green = await create('green', { vlanId: 12 });
    expect(green.spec?.vni).toBeUndefined();
    const wanted = dataPath.wanted?.logicalBridges.get('logicalBridges/blue');
    expect(wanted).toMatchObject({ vni: 0, vtepIpPrefix: '10.0.0.1/24' });
    await expect(create('red-1', { vlanId: 4095 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });

    const cleared = await call(logicalBridgeService.UpdateLogicalBridge, {
      logicalBridge: { name: 'logicalBridges/blue', spec: { vlanId: 11 } },
      updateMask: { paths: ['spec.vni', 'spec.vlan_id'] },
    });
    expect(cleared.spec).toMatchObject({ vlanId: 11, vtepIpPrefix: { len: 24 } });
    expect(cleared.spec?.vni).toBeUndefined();

    const { logicalBridges } = await call(logicalBridgeService.ListLogicalBridges, {});
    expect(logicalBridges.map(({ name }) => name)).toEqual(['logicalBridges/blue', 'logicalBridges/green']);
    await call(logicalBridgeService.DeleteLogicalBridge, { name: 'blue' });
    await expect(call(logicalBridgeService.GetLogicalBridge, { name: 'blue' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
