/** Authorities as the operator reads them, for tests. */
import { X509Certificate } from 'node:crypto';
import { TestAuthority } from '../../../trust/testing.ts';
import type { Authority } from '../authority.ts';

/** @param lifetimeMs from now on */
export async function testAuthority(lifetimeMs = 365 * 24 * 3_600_000): Promise<Authority> {
  const { authority } = await TestAuthority.create('aaaa', { notAfter: Date.now() + lifetimeMs });
  const parsed = new X509Certificate(authority.certificate);
  return {
    ...authority,
    fingerprint: parsed.fingerprint256,
    notBefore: parsed.validFromDate.getTime(),
    notAfter: parsed.validToDate.getTime(),
  };
}
