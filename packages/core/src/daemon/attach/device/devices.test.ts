import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { Devices } from './devices.ts';

/** A sysfs with a physical function `ens1` and its second VF `ens1v1`. */
function sysfs(): string {
  const root = mkdtempSync(join(tmpdir(), 'sys-'));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  };
  const link = (path: string, target: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(target, join(root, path));
  };
  write('class/net/ens1/address', '02:00:00:00:00:01');
  write('class/net/ens1v1/address', '02:00:00:00:00:02');
  write('class/net/ens1v1/mtu', '9000');
  link('class/net/ens1v1/device', '../../../bus/pci/devices/0000:01:00.3');
  mkdirSync(join(root, 'bus/pci/devices/0000:01:00.0/net/ens1'), { recursive: true });
  mkdirSync(join(root, 'bus/pci/devices/0000:01:00.3/net/ens1v1'), { recursive: true });
  mkdirSync(join(root, 'bus/pci/devices/0000:01:00.4'), { recursive: true });
  link('bus/pci/devices/0000:01:00.0/virtfn0', '../0000:01:00.2');
  link('bus/pci/devices/0000:01:00.0/virtfn1', '../0000:01:00.3');
  link('bus/pci/devices/0000:01:00.3/physfn', '../0000:01:00.0');
  return root;
}

test.each(['0000:01:00.3', 'ens1v1'])('%s is the second VF of ens1', (id) => {
  expect(new Devices(sysfs()).read(id)).toEqual({
    name: 'ens1v1',
    mac: '02:00:00:00:00:02',
    mtu: 9000,
    pciAddress: '0000:01:00.3',
    pfAddress: '0000:01:00.0',
    physicalFunction: { netdev: 'ens1', vf: 1 },
  });
});

test.each([
  ['pf0vf0', 'p0'],
  ['pf0sf12', undefined],
  ['c1pf0vf3', 'p1s2'],
  ['pf0', 'p0'],
])('the PF is its uplink, not a representor %s that is listed first', (representor, uplink) => {
  const root = sysfs();
  mkdirSync(join(root, 'bus/pci/devices/0000:01:00.0/net/a-representor'));
  mkdirSync(join(root, 'class/net/a-representor'));
  writeFileSync(join(root, 'class/net/a-representor/phys_port_name'), `${representor}\n`);
  if (uplink !== undefined) writeFileSync(join(root, 'class/net/ens1/phys_port_name'), `${uplink}\n`);
  const devices = new Devices(root);
  expect(devices.read('0000:01:00.3').physicalFunction).toEqual({ netdev: 'ens1', vf: 1 });
  // In another namespace, it leaves its representors.
  rmSync(join(root, 'bus/pci/devices/0000:01:00.0/net/ens1'), { recursive: true });
  expect(devices.netdevOf('0000:01:00.0')).toBeUndefined();
});

test('a netdev that only the tree of a card has is none: it is in a pod', () => {
  const kernel = sysfs();
  const devices = new Devices(sysfs(), kernel);
  expect(devices.netdevOf('0000:01:00.3')).toBe('ens1v1');
  rmSync(join(kernel, 'class/net/ens1v1'), { recursive: true });
  expect(devices.netdevOf('0000:01:00.3')).toBeUndefined();
});

test('a device without a netdev says what to look at', () => {
  const devices = new Devices(sysfs());
  expect(() => devices.read('0000:01:00.4')).toThrow('0000:01:00.4 has no network interface on this node: is it bound');
  expect(() => devices.read('swdpu-vf9')).toThrow('no network interface swdpu-vf9 on this node');
  expect(() => devices.read('../../etc')).toThrow('no network interface');
});
