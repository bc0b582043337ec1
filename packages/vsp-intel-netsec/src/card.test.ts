import type { PciFunction } from '@dpu-operator/sdk/linux';
import { cards, type FakeMachine, fakeSysfs } from '@dpu-operator/sdk/testing';
import { expect, test } from 'vitest';
import { cardPortsOf, hostPortOf } from './card.ts';

const { host, dpu } = cards.intelNetsec;
async function functionsOf(...machines: FakeMachine[]): Promise<PciFunction[]> {
  await using sysfs = await fakeSysfs({ pci: machines.flatMap(({ pci = [] }) => pci) });
  return (await sysfs.snapshot()).pci;
}

test('the host has the card by its serial number, or by where it was detected', async () => {
  const functions = await functionsOf(
    host({ numVfs: 2 }),
    host({ slot: '0000:cb:00', serial: '0000c9ffff00ab13', numVfs: 2 }),
  );
  const side = { side: 'host', identifier: '0000c9ffff00ab13' } as const;
  expect(hostPortOf(side, functions)).toBe('0000:cb:00.0');
  expect(hostPortOf({ ...side, identifier: '0000C9FFFF00AB12' }, functions)).toBe('0000:ca:00.0');
  expect(hostPortOf({ ...side, pciAddress: '0000:ca:00.1' }, functions)).toBe('0000:ca:00.0');
  expect(() => hostPortOf({ ...side, identifier: '0' }, functions)).toThrow(
    "no function 0 of 8086:1599 with the serial number 0; of this machine's there are: 0000:ca:00.0, 0000:ca:00.1, 0000:cb:00.0, 0000:cb:00.1",
  );
  expect(() => hostPortOf({ ...side, pciAddress: '0000:01:00.0' }, functions)).toThrow('in slot 0000:01:00');
});

test('the card has its ports where it was detected, in whatever slot', async () => {
  const side = { side: 'dpu', identifier: '02:00:00:01:00:01' } as const;
  const expected = (slot: string) => ({ sfp: [`${slot}.0`, `${slot}.1`], backplane: [`${slot}.2`, `${slot}.3`] });
  expect(cardPortsOf(side, await functionsOf(dpu({ numVfs: 2 })))).toEqual(expected('0000:f4:00'));
  const moved = await functionsOf(dpu({ slot: '0000:e1:00' }));
  expect(cardPortsOf(side, moved)).toEqual(expected('0000:e1:00'));
  expect(cardPortsOf({ ...side, pciAddress: '0000:e1:00.2' }, moved)).toEqual(expected('0000:e1:00'));
  expect(() => cardPortsOf({ ...side, pciAddress: '0000:f4:00.2' }, moved)).toThrow('in slot 0000:f4:00');
  expect(() => cardPortsOf(side, [])).toThrow('no function 8086:124c on this machine');
});
