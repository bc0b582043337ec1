/** What a PCI function tells of itself in bytes. */
import type { FakePciFunction } from './machine.ts';

/** Bytes of an extended configuration space (PCI Express). */
const configBytes = 4096;

/** Vendor and device id, class and serial numbers where the PCI specification has them, all little-endian. */
export function configSpace({ vendor, device, class: pciClass = '020000', serial, dsn }: FakePciFunction): Buffer {
  const config = Buffer.alloc(configBytes);
  config.writeUInt16LE(Number.parseInt(vendor, 16), 0);
  config.writeUInt16LE(Number.parseInt(device, 16), 2);
  config.writeUIntLE(Number.parseInt(pciClass, 16), 9, 3);
  if (serial) Buffer.from(serial.hex, 'hex').copy(config, serial.offset);
  if (dsn !== undefined) writeDsn(config, dsn);
  return config;
}

/** Behind one of advanced error reporting, as on real cards. */
function writeDsn(config: Buffer, dsn: string): void {
  const [aer, capability] = [0x100, 0x150];
  config.writeUInt32LE(0x0002_0001 + capability * 0x10_0000, aer);
  config.writeUInt32LE(0x0001_0003, capability);
  Buffer.from(dsn, 'hex')
    .reverse()
    .copy(config, capability + 4);
}

/** A name, then the read-only part with the serial number, then the end (PCI Local Bus Specification 3.0, appendix I). */
export function vpdOf(serial: string): Buffer {
  const field = (name: string, value: string) =>
    Buffer.concat([Buffer.from(`${name}${String.fromCharCode(value.length)}`), Buffer.from(value)]);
  const large = (tag: number, body: Buffer) =>
    Buffer.concat([Buffer.from([tag, body.length & 0xff, body.length >> 8]), body]);
  const readOnly = Buffer.concat([field('PN', 'FAKE-1'), field('SN', serial)]);
  return Buffer.concat([large(0x82, Buffer.from('Fake card')), large(0x90, readOnly), Buffer.from([0x78])]);
}
