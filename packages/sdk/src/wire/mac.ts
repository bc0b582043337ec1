import { DpuError } from '../errors.ts';

/** @throws DpuError INVALID_ARGUMENT unless there are 6 bytes. */
export function macFromBytes(bytes: Uint8Array, field: string): string {
  if (bytes.length !== 6) throw new DpuError('INVALID_ARGUMENT', `${field} must have 6 bytes, has ${bytes.length}`);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** @throws DpuError INVALID_ARGUMENT unless it is six pairs of hex digits between colons. */
export function macToBytes(mac: string): Buffer {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) {
    throw new DpuError('INVALID_ARGUMENT', `${JSON.stringify(mac)} is not a MAC address such as 02:00:00:00:00:01`);
  }
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}
