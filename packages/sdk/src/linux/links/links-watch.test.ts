import { expect, test } from 'vitest';
import { nested, text, u32 } from '../netlink/messages/attributes.ts';
import { toLinkChange } from './links-watch.ts';

function message(type: number, family: number, ...attributes: Buffer[]) {
  const ifinfomsg = Buffer.alloc(16);
  ifinfomsg[0] = family;
  ifinfomsg.writeInt32LE(7, 4);
  return { type, flags: 0, sequence: 0, body: Buffer.concat([ifinfomsg, text(3, 'eth7'), ...attributes]) };
}
const pci = [text(56, '0000:3b:00.0'), text(57, 'pci')];

test('a device that came is told with its PCI address', () => {
  const change = { name: 'eth7', index: 7, deleted: false, pciAddress: '0000:3b:00.0' };
  expect(toLinkChange(message(16, 0, ...pci))).toEqual(change);
});

test.each([
  ['taken away', [], false],
  ['moved to a namespace that has a number', [u32(45, 3)], true],
  ['moved with a new ifindex', [u32(49, 12)], true],
])('a device that was %s', (_what, attributes, movedAway) => {
  expect(toLinkChange(message(17, 0, ...pci, ...attributes))).toMatchObject({ deleted: true, movedAway });
});

test('what a pod’s interface is shows', () => {
  expect(toLinkChange(message(16, 0, nested(18, text(1, 'veth'))))).toMatchObject({ kind: 'veth' });
});

test('what a bridge tells of its port, and what is no link, is no change', () => {
  expect(toLinkChange(message(17, 7))).toBeUndefined();
  expect(toLinkChange(message(20, 0))).toBeUndefined();
});
