import { expect, test } from 'vitest';
import { attribute, nested, text, u32 } from './attributes.ts';
import { altNamesRequest, changeLinkRequest, createLinkRequest, decodeLink, getLinkRequest } from './links.ts';

const hex = (bytes: Buffer) => bytes.toString('hex');
/** family, padding, type; index; flags; changed flags */
const head = (index: string, flags = '00000000', change = '00000000') => `00000000${index}${flags}${change}`;

test('a move is one message: namespace, name, MAC, MTU, up', () => {
  const changes = { name: 'net1', mac: '02:00:00:00:00:07', mtu: 1400, up: true, netnsFd: 20 };
  const { type, body } = changeLinkRequest(7, changes);
  expect(type).toBe(16);
  expect(hex(body)).toBe(
    [
      head('07000000', '01000000', '01000000'),
      '08001c0014000000',
      '090003006e65743100000000',
      '0a0001000200000000070000',
      '0800040078050000',
    ].join(''),
  );
});

test('down is a change of the flag to 0, and no word of it leaves it as it is', () => {
  expect(hex(changeLinkRequest(7, { up: false }).body)).toBe(head('07000000', '00000000', '01000000'));
  expect(hex(changeLinkRequest(7, {}).body)).toBe(head('07000000'));
});

test('a veth is made with its other end', () => {
  expect(hex(createLinkRequest({ name: 'a', kind: 'veth', peer: { name: 'b' } }).body)).toBe(
    [
      head('00000000'),
      '0600030061000000',
      // link info: kind, data: peer: a head and a name
      '3000128009000100766574680000000020000280',
      `1c000100${head('00000000')}0600030062000000`,
    ].join(''),
  );
});

test('a link is asked for by index or by name', () => {
  expect(hex(getLinkRequest(7).body)).toBe(`${head('07000000')}08001d0008000000`);
  expect(hex(getLinkRequest('lo', 1).body)).toBe(`${head('00000000')}070003006c6f000008001d0009000000`);
});

test('alternative names are properties', () => {
  expect(hex(altNamesRequest('remove', 7, ['net1']).body)).toBe(`${head('07000000')}10003480090035006e65743100000000`);
});

function link(index: number, flags: number, ...attributes: Buffer[]) {
  const ifinfomsg = Buffer.alloc(16);
  ifinfomsg.writeInt32LE(index, 4);
  ifinfomsg.writeUInt32LE(flags, 8);
  return { type: 16, flags: 0, sequence: 1, body: Buffer.concat([ifinfomsg, ...attributes]) };
}
const mac = Buffer.from('020000000007', 'hex');

test('a VF is known by its PCI address and permanent MAC', () => {
  const message = link(
    7,
    0x1,
    text(3, 'net1'),
    attribute(1, mac),
    u32(4, 1500),
    attribute(54, Buffer.from('021122334455', 'hex')),
    text(56, '0000:3b:02.1'),
    text(57, 'pci'),
    nested(52, text(53, 'enp59s0v1'), text(53, 'other')),
  );
  expect(decodeLink(message)).toEqual({
    name: 'net1',
    index: 7,
    mac: '02:00:00:00:00:07',
    mtu: 1500,
    up: true,
    running: false,
    altNames: ['enp59s0v1', 'other'],
    pciAddress: '0000:3b:02.1',
    permanentMac: '02:11:22:33:44:55',
  });
});

test('a device behind another bus has no PCI address', () => {
  expect(decodeLink(link(7, 0, text(56, 'virtio0'), text(57, 'virtio'))).pciAddress).toBeUndefined();
});

test('a VXLAN device has its id, port and remote address', () => {
  const port = Buffer.from('12b6', 'hex');
  const data = nested(2, u32(1, 7_000_003), attribute(15, port), attribute(2, Buffer.from([192, 0, 2, 1])));
  const vxlan = decodeLink(link(8, 0x10001, text(3, 'v'), nested(18, text(1, 'vxlan'), data), u32(37, 2)));
  expect(vxlan).toMatchObject({ kind: 'vxlan', vxlan: { vni: 7_000_003, port: 4790, remote: '192.0.2.1' } });
  expect(vxlan).toMatchObject({ running: true, linkNetnsId: 2 });
});
