import { expect, test } from 'vitest';
import { networkBridgeId } from '../../api/index.ts';
import type { DeviceEntry, DpuIndex } from './collaborators.ts';
import { placementOf, refuseOtherBridge } from './placement.ts';

const index = (network?: DeviceEntry['network']): DpuIndex => {
  const dataPath = {} as DeviceEntry['dataPath'];
  const device: DeviceEntry = { dpuName: 'a-host', side: 'host', dataPath, pf: 0, vf: 1, network };
  return {
    find: () => device,
    locate: () => device,
    dpu: () => device,
    dpuSide: () => undefined,
    presence: () => ({ is: 'there', value: device }),
    list: () => [device],
  };
};

test('a device takes its network and bridge along, whatever the configuration is called', () => {
  const placement = placementOf(index({ name: 'blue', logicalBridge: 'vlan-7' }), 'vf1', 'any');
  expect(placement).toMatchObject({ role: 'hostPort', dpuNetwork: { name: 'blue', logicalBridge: 'vlan-7' } });
  expect(placementOf(index({ name: 'blue' }), 'vf1', 'any').dpuNetwork).toEqual({ name: 'blue' });
  expect(placementOf(index(), 'vf1', 'any')).not.toHaveProperty('dpuNetwork');
});

test('a configuration of another network than its device is refused by name', () => {
  const blue = placementOf(index({ name: 'blue' }), 'vf1', 'any');
  expect(() => refuseOtherBridge(networkBridgeId('blue'), 'vf1', blue)).not.toThrow();
  expect(() => refuseOtherBridge(undefined, 'vf1', blue)).not.toThrow();
  expect(() => refuseOtherBridge(networkBridgeId('red'), 'vf1', blue)).toThrow(/BridgeID.*vf1 is of DpuNetwork blue/);
  const none = placementOf(index(), 'vf1', 'any');
  expect(() => refuseOtherBridge(networkBridgeId('red'), 'vf1', none)).toThrow(/of no DpuNetwork/);
});
