import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fakeSysfs } from './sysfs.ts';

const card = {
  address: '0000:01:00.0',
  vendor: '177d',
  device: 'b900',
  netdevs: [{ name: 'eth0' }],
  sriov: { totalVfs: 8, device: 'b903' },
};

test('is read as a real one is', async () => {
  await using sysfs = await fakeSysfs({
    dmiProduct: 'Acme Server',
    pci: [
      { ...card, serial: { offset: 0x150, hex: 'a1b2' } },
      {
        address: '0002:f4:1f.7',
        vendor: '8086',
        device: '124c',
        class: '028000',
        netdevs: [{ name: 'p0', mac: '0a:00:00:00:00:01' }],
      },
    ],
  });
  const { pci, dmiProduct } = await sysfs.snapshot();
  expect(dmiProduct).toBe('Acme Server');
  expect(pci).toMatchObject([
    {
      address: '0000:01:00.0',
      vendor: '177d',
      device: 'b900',
      class: '020000',
      isVf: false,
      netdevs: [{ name: 'eth0', mac: '02:00:00:00:00:01' }],
    },
    { address: '0002:f4:1f.7', class: '028000', netdevs: [{ name: 'p0', mac: '0a:00:00:00:00:01' }] },
  ]);
  const config = Buffer.from(pci[0]?.config ?? []);
  expect([config.readUInt16LE(0), config.readUInt16LE(2)]).toEqual([0x177d, 0xb900]);
  expect(config.subarray(0x150, 0x152).toString('hex')).toBe('a1b2');
  expect(readFileSync(join(sysfs.root, 'class/net/p0/address'), 'utf8')).toBe('0a:00:00:00:00:01\n');
  expect(existsSync(join(sysfs.root, 'class/net/p0'))).toBe(true);
});

test('virtual functions come and go with their number', async () => {
  await using sysfs = await fakeSysfs({ pci: [card] });
  await sysfs.setVirtualFunctions(card.address, 8);
  expect(await sysfs.virtualFunctions(card.address)).toEqual(
    Array.from({ length: 8 }, (_, index) => `0000:01:02.${index}`),
  );
  expect(await sysfs.vfPosition('0000:01:02.7')).toEqual({ pf: 0, vf: 7 });
  const vf = (await sysfs.snapshot()).pci.at(-1);
  expect(vf).toMatchObject({ device: 'b903', isVf: true, netdevs: [{ name: 'eth0v7' }] });

  await sysfs.setVirtualFunctions(card.address, 1);
  expect((await sysfs.snapshot()).pci.map(({ address }) => address)).toEqual(['0000:01:00.0', '0000:01:02.0']);
  expect(existsSync(join(sysfs.root, 'class/net/eth0v7'))).toBe(false);
  await expect(sysfs.setVirtualFunctions(card.address, 9)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
});

test('virtual functions lie where the card says, on the next bus as well', async () => {
  await using sysfs = await fakeSysfs({
    pci: [{ ...card, sriov: { totalVfs: 2, device: 'b903', numVfs: 2, offset: 255, stride: 2 } }],
  });
  expect(await sysfs.virtualFunctions(card.address)).toEqual(['0000:01:1f.7', '0000:02:00.1']);
});

test('functions are plugged in and out', async () => {
  await using sysfs = await fakeSysfs({ pci: [{ ...card, sriov: { ...card.sriov, numVfs: 2 } }] });
  await sysfs.add({ ...card, address: '0000:02:00.0', netdevs: [] });
  await expect(sysfs.add({ ...card, address: '0000:02:00.0' })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  await expect(sysfs.add({ ...card, address: '2:0.0' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await sysfs.remove(card.address);
  expect((await sysfs.snapshot()).pci.map(({ address }) => address)).toEqual(['0000:02:00.0']);
  await expect(sysfs.remove(card.address)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('leaves nothing behind', async () => {
  let root: string;
  {
    await using sysfs = await fakeSysfs({ pci: [card] });
    root = sysfs.root;
    expect(existsSync(root)).toBe(true);
  }
  expect(existsSync(root)).toBe(false);
});
