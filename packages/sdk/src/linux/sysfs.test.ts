import { mkdirSync, mkdtempSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
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
      class: '020000',
      isVf: false,
      bridges: [],
      netdevs: [{ name: 'eth1', mac: '02:00:00:00:00:01' }],
      config: Buffer.from([0x7d, 0x17]),
    },
    expect.objectContaining({ address: '0000:01:02.3', device: 'b903', isVf: true, netdevs: [] }),
  ]);
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
  expect(await new Sysfs('/nonexistent').snapshot()).toEqual({ pci: [], dmiProduct: '' });
});
