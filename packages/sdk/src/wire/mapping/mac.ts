import { DpuError } from '../../errors.ts';

/** @throws DpuError INVALID_ARGUMENT unless there are 6 bytes. */
export function macFromBytes(bytes: Uint8Array, field: string): string {
  if (bytes.length !== 6) throw new DpuError('INVALID_ARGUMENT', `${field} must have 6 bytes, has ${bytes.length}`);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/**
 * @param field Named in the error, where there is one.
 * @throws DpuError INVALID_ARGUMENT unless it is six pairs of hex digits between colons.
 */
export function macToBytes(mac: string, field?: string): Buffer {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) {
    const fault = `${JSON.stringify(mac)} is not a MAC address such as 02:00:00:00:00:01`;
    throw new DpuError('INVALID_ARGUMENT', field === undefined ? fault : `${field}: ${fault}`);
  }
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

/** In lower case. Throws as macToBytes does. */
export function canonicalMac(mac: string, field: string): string {
  return macFromBytes(macToBytes(mac, field), field);
}
