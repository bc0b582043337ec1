import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type FakeSysfs, fakeSysfs } from '../../testing/sysfs.ts';
import { Sysfs } from './sysfs.ts';

const sys = mkdtempSync(join(tmpdir(), 'sysfs-'));
const file = (path: string, content: string | Uint8Array) => {
  mkdirSync(dirname(join(sys, path)), { recursive: true });
  writeFileSync(join(sys, path), content);
};

beforeAll(() => {
  const pf = 'devices/pci0000:00/0000:01:00.1';
  const vf = 'devices/pci0000:00/0000:01:02.3';
  for (const [directory, device] of [
    [pf, '0xb900'],
    [vf, '0xb903'],
  ] as const) {
    file(`${directory}/vendor`, '0x177d\n');
    file(`${directory}/device`, `${device}\n`);
    file(`${directory}/class`, '0x020000\n');
    file(`${directory}/config`, new Uint8Array([0x7d, 0x17]));
  }
  file(`${pf}/net/eth1/address`, '02:00:00:00:00:01\n');
  symlinkSync('../0000:01:00.1', join(sys, vf, 'physfn'));
  symlinkSync('../0000:01:02.2', join(sys, pf, 'virtfn9'));
  symlinkSync('../0000:01:02.3', join(sys, pf, 'virtfn10'));
  mkdirSync(join(sys, 'bus/pci/devices'), { recursive: true });
  symlinkSync(`../../../${pf}`, join(sys, 'bus/pci/devices/0000:01:00.1'));
  symlinkSync(`../../../${vf}`, join(sys, 'bus/pci/devices/0000:01:02.3'));
  file('class/dmi/id/product_name', 'KVM\n');
});

test('reads the PCI functions of a machine', async () => {
  const { pci, dmiProduct } = await new Sysfs(sys).snapshot();
  expect(dmiProduct).toBe('KVM');
  expect(pci).toEqual([
    {
      address: '0000:01:00.1',
      vendor: '177d',
      device: 'b900',
      subsystemVendor: '',
      subsystemDevice: '',
      class: '020000',
      isVf: false,
      bridges: [],
      netdevs: [{ name: 'eth1', mac: '02:00:00:00:00:01' }],
      config: Buffer.from([0x7d, 0x17]),
    },
    expect.objectContaining({ address: '0000:01:02.3', device: 'b903', isVf: true, netdevs: [] }),
  ]);
});

test('netdevs of a function are its own, not the representors beside them', async () => {
  await using sysfs = await fakeSysfs({ pci: [{ ...card, netdevs: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }] });
  const names = async () => (await sysfs.snapshot()).pci[0]?.netdevs.map(({ name }) => name);
  expect(await names()).toEqual(['a', 'b', 'c']);
  const port = (name: string) => join(sysfs.root, 'bus/pci/devices', card.address, 'net', name, 'phys_port_name');
  writeFileSync(port('a'), 'pf0vf0\n');
  writeFileSync(port('b'), 'c1pf0sf7\n');
  writeFileSync(port('c'), 'p0\n');
  expect(await names()).toEqual(['c']);
});

test('tells the bridges above a function, and keeps one that cannot be read', async () => {
  const place = 'devices/pci0000:80/0000:80:01.0/0000:81:00.0/0000:82:00.0';
  mkdirSync(join(sys, place), { recursive: true });
  const link = join(sys, 'bus/pci/devices/0000:82:00.0');
  symlinkSync(`../../../${place}`, link);
  const { pci } = await new Sysfs(sys).snapshot();
  unlinkSync(link);
  expect(pci.at(-1)).toMatchObject({ address: '0000:82:00.0', vendor: '', bridges: ['0000:80:01.0', '0000:81:00.0'] });
});

test('places a virtual function on its card', async () => {
  const platform = new Sysfs(sys);
  expect(await platform.vfPosition('0000:01:02.3')).toEqual({ pf: 1, vf: 10 });
  expect(await platform.vfPosition('0000:01:00.1')).toBeUndefined();
  expect(await platform.vfPosition('swdpu-vf3')).toBeUndefined();
});

test('a machine without PCI bus or DMI table is an empty one', async () => {
  expect(await new Sysfs('/nonexistent').snapshot()).toEqual({ pci: [], dmiProduct: '', compatible: [] });
});

const card = {
  address: '0000:01:00.0',
  vendor: '177d',
  device: 'b900',
  netdevs: [{ name: 'eth0' }],
  sriov: { totalVfs: 16, device: 'b903', numVfs: 8 },
};
const thirdVf = '0000:01:02.2';

function bind(sysfs: FakeSysfs, address: string, driver: string): void {
  const directory = join(sysfs.root, 'bus/pci/drivers', driver);
  mkdirSync(directory, { recursive: true });
  symlinkSync(directory, join(sysfs.root, 'bus/pci/devices', address, 'driver'));
}

/** As the kernel shows a netdev that was moved into a pod. */
function moveNetdevAway(sysfs: FakeSysfs, address: string): void {
  const net = join(sysfs.root, 'bus/pci/devices', address, 'net');
  rmSync(net, { recursive: true });
  mkdirSync(net);
}

test.each([
  ['is in a pod', 'rvu_nicvf', /0000:01:02.2 has no network device in this namespace \(driver rvu_nicvf\)/],
  ['is bound to vfio-pci', 'vfio-pci', /0000:01:02.2 is bound to vfio-pci/],
  ['is bound to a VFIO driver of its own', 'mlx5_vfio_pci', /0000:01:02.2 is bound to mlx5_vfio_pci/],
])('no number is set that would take away a virtual function that %s', async (_, driver, message) => {
  await using sysfs = await fakeSysfs({ pci: [card] });
  for (const address of await sysfs.virtualFunctions(card.address)) {
    bind(sysfs, address, address === thirdVf ? driver : 'rvu_nicvf');
  }
  moveNetdevAway(sysfs, thirdVf);
  const numVfs = () => readFileSync(join(sysfs.root, 'bus/pci/devices', card.address, 'sriov_numvfs'), 'utf8').trim();
  for (const count of [16, 4, 0]) {
    await expect(sysfs.setVirtualFunctions(card.address, count)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringMatching(message),
    });
    expect(numVfs()).toBe('8');
  }
  await sysfs.setVirtualFunctions(card.address, 8);
  expect(await sysfs.virtualFunctions(card.address)).toHaveLength(8);
});

test('virtual functions that nobody has, and those without a driver, do not stand in the way', async () => {
  await using sysfs = await fakeSysfs({ pci: [card] });
  bind(sysfs, thirdVf, 'rvu_nicvf');
  moveNetdevAway(sysfs, '0000:01:02.3');
  await sysfs.setVirtualFunctions(card.address, 16);
  expect(await sysfs.virtualFunctions(card.address)).toHaveLength(16);
});
