import { expect, test } from 'vitest';
import { toPciChange } from './pci-watch.ts';

const uevent = (action: string, subsystem: string, ...more: string[]) => {
  const path = '/devices/pci0000:00/0000:3b:00.0';
  const pairs = [`ACTION=${action}`, `DEVPATH=${path}`, `SUBSYSTEM=${subsystem}`, ...more, 'SEQNUM=7'];
  return Buffer.from(`${[`${action}@${path}`, ...pairs].join('\0')}\0`);
};
const slot = 'PCI_SLOT_NAME=0000:3b:00.0';

test.each<[string, Buffer, unknown]>([
  ['a function that came', uevent('add', 'pci', 'DRIVER=ice', slot), { address: '0000:3b:00.0', removed: false }],
  ['a function that went', uevent('remove', 'pci', slot), { address: '0000:3b:00.0', removed: true }],
  ['a driver that was bound', uevent('bind', 'pci', slot), undefined],
  ['a netdev', uevent('add', 'net', 'INTERFACE=eth0'), undefined],
  ["what udev tells, and what is nobody's", Buffer.from('libudev\0\xfe\xed\xca\xfe'), undefined],
  ['nothing', Buffer.alloc(0), undefined],
])('a change of the card is read of an event, or none: %s', (_, datagram, change) => {
  expect(toPciChange(datagram)).toEqual(change);
});
