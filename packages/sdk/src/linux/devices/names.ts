/** Names and addresses of devices that are made in rows: `nf_interface0`, `nf_interface1`, … */
import { createHash } from 'node:crypto';

/** The number in `<prefix><number>`, undefined for any other name. */
export function indexIn(name: string, prefix: string): number | undefined {
  const digits = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return /^(0|[1-9]\d{0,3})$/.test(digits) ? Number(digits) : undefined;
}

/**
 * A MAC for a device that is made by software: locally administered, and the same after the device had to be made anew.
 *
 * @param owner with the name, what tells it from all other devices of a network: the node's name
 */
export function derivedMac(owner: string, deviceName: string): string {
  const bytes = createHash('sha256').update(`${owner}/${deviceName}`).digest().subarray(0, 6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
