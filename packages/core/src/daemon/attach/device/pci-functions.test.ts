import { expect, test } from 'vitest';
import { SysfsTree } from '../../testing/sysfs-tree.ts';
import { PciFunctions } from './pci-functions.ts';

const tree = new SysfsTree()
  .add({ address: '0000:01:00.0', netdev: 'ens1', numaNode: 1 })
  .add({ address: '0000:01:00.2', netdev: 'ens1v0', virtual: { of: '0000:01:00.0', index: 0 } })
  .add({ address: '0000:01:00.3', vfio: { group: '12' }, virtual: { of: '0000:01:00.0', index: 1 } })
  .add({ address: '0000:01:00.4', driver: 'mlx5_vfio_pci', vfio: { group: '0', noIommu: true } });
const pci = new PciFunctions(tree.root);

test('the function of a netdev, and of its own address', () => {
  expect(pci.addressOf('ens1v0')).toBe('0000:01:00.2');
  expect(pci.addressOf('0000:01:00.2')).toBe('0000:01:00.2');
  expect(pci.addressOf('veth0')).toBeUndefined();
  expect(pci.addressOf('../../bus/pci/devices/0000:01:00.2')).toBeUndefined();
});

test.each([
  ['ens1', 1],
  ['0000:01:00.0', 1],
  ['0000:01:00.2', undefined],
  ['0000:99:00.0', undefined],
  ['veth0', undefined],
])('the NUMA node of %s is %s', (deviceId, expected) => {
  expect(pci.numaNodeOf(deviceId)).toBe(expected);
});

test('what vfio-pci or a variant of it drives', () => {
  const bound = ['0000:01:00.0', '0000:01:00.2', '0000:01:00.3', '0000:01:00.4', '0000:99:00.0'];
  expect(bound.map((address) => pci.isBoundToVfio(address))).toEqual([false, false, true, true, false]);
  expect(pci.vfioGroupOf('0000:01:00.3')).toEqual({ number: '12', isNoIommu: false });
  expect(pci.vfioGroupOf('0000:01:00.4')).toEqual({ number: '0', isNoIommu: true });
  expect(pci.vfioGroupOf('0000:01:00.2')).toBeUndefined();
  expect(pci.physicalFunctionOf('0000:01:00.3')).toBe('0000:01:00.0');
  expect(pci.physicalFunctionOf('0000:01:00.0')).toBeUndefined();
});
