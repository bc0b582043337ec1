/**
 * Serial numbers of certificates: 8 bytes with the time of issue (milliseconds since 1970) and 8 random bytes. A
 * revocation names a time, so it has to be known when a certificate was issued; `notBefore` lies earlier, for clocks
 * that are behind.
 */
import { randomBytes, type X509Certificate } from 'node:crypto';

const timeBytes = 8;
const hexDigits = 2 * 2 * timeBytes;

/** @returns 32 hexadecimal digits. */
export function serialAt(issued: Date): string {
  const bytes = Buffer.alloc(2 * timeBytes);
  bytes.writeBigInt64BE(BigInt(issued.getTime()));
  randomBytes(timeBytes).copy(bytes, timeBytes);
  return bytes.toString('hex');
}

/** Milliseconds since 1970. One that this project did not make counts as very old. */
export function issuedAt(certificate: X509Certificate): number {
  // Leading zeros are not part of the number.
  const digits = certificate.serialNumber.padStart(hexDigits, '0');
  return Number.parseInt(digits.slice(0, 2 * timeBytes), 16);
}
