import { DpuError } from '../errors.ts';

const format = /^([0-9a-f]{4}):([0-9a-f]{2}):([01][0-9a-f])\.([0-7])$/;

export interface PciAddress {
  /** Four hex digits. */
  domain: string;
  /** Bus, device and function as one number, the way virtual functions are counted. */
  routingId: number;
}

/** @throws DpuError INVALID_ARGUMENT for text that is no PCI address */
export function parsePciAddress(text: string): PciAddress {
  const [, domain, bus = '', device = '', fn = ''] = format.exec(text) ?? [];
  if (domain === undefined) {
    throw new DpuError('INVALID_ARGUMENT', `address must look like 0000:01:00.0, is ${JSON.stringify(text)}`);
  }
  return { domain, routingId: (Number.parseInt(bus, 16) << 8) + (Number.parseInt(device, 16) << 3) + Number(fn) };
}

export function formatPciAddress({ domain, routingId }: PciAddress): string {
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  return `${domain}:${hex(routingId >> 8)}:${hex((routingId >> 3) & 0x1f)}.${routingId & 7}`;
}
