/** A certificate and key that sign the daemons' certificates. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { splitPem } from '../../trust/bundle.ts';
import { identityUri } from '../../trust/identity.ts';
import { verifyPeer } from '../../trust/verify.ts';
import type { KeyAndCertificate } from '../../trust/x509/operations.ts';
import { CertificateError, x509 } from '../../trust/x509/run.ts';

export interface Authority extends KeyAndCertificate {
  /** SHA-256 of the certificate. */
  fingerprint: string;
  /** Milliseconds since 1970. */
  notBefore: number;
  notAfter: number;
}

/** How long daemons' certificates are valid. */
export const leafLifetimeMs = 24 * 3_600_000;

const yearMs = 365.25 * 24 * 3_600_000;
const ownLifetimeMs = 10 * yearMs;

/** A new authority of the operator's own. */
export async function makeOwnAuthority(installation: string, now: number): Promise<KeyAndCertificate> {
  return await x509('makeAuthority', {
    // Authorities that follow each other differ in their names too: some programs look for issuers by name.
    commonName: `dpu-channel ${new Date(now).toISOString()}`,
    organisation: installation,
    notBefore: now - 5 * 60_000,
    notAfter: now + ownLifetimeMs,
  });
}

/**
 * Reads a certificate and its key from a Secret, and has them sign a certificate on trial.
 *
 * @param fields their keys in the Secret, for messages
 * @returns an Error that names the field and what is wrong with it.
 * @throws DpuError when no process could be started for the trial.
 */
export async function readAuthority(
  data: Readonly<Record<string, string>>,
  fields: { certificate: string; key: string },
  now: number,
): Promise<Authority | Error> {
  try {
    const authority = parseAuthority(data, fields, now);
    await signOnTrial(authority, now);
    return authority;
  } catch (error) {
    if (error instanceof FieldError) return error;
    if (error instanceof CertificateError) return new Error(`${fields.key}: ${error.message}`);
    throw error;
  }
}

/** What is wrong with a field of a Secret. */
class FieldError extends Error {}

/** @throws FieldError */
function parseAuthority(
  data: Readonly<Record<string, string>>,
  fields: { certificate: string; key: string },
  now: number,
): Authority {
  const certificate = splitPem(decode(data, fields.certificate))[0];
  if (!certificate) throw new FieldError(`${fields.certificate}: has no certificate in PEM`);
  const parsed = attempt(fields.certificate, () => new X509Certificate(certificate));
  const key = decode(data, fields.key);
  const parsedKey = attempt(fields.key, () => createPrivateKey(key));
  if (!parsed.ca) throw new FieldError(`${fields.certificate}: is not the certificate of an authority (CA: true)`);
  if (!parsed.checkPrivateKey(parsedKey)) {
    throw new FieldError(`${fields.key}: does not belong to ${fields.certificate}`);
  }
  const notAfter = parsed.validToDate.getTime();
  if (now > notAfter) {
    throw new FieldError(`${fields.certificate}: expired at ${new Date(notAfter).toISOString()}`);
  }
  const notBefore = parsed.validFromDate.getTime();
  return { certificate, key, fingerprint: parsed.fingerprint256, notBefore, notAfter };
}

/** What a daemon would make of a certificate of this authority. @throws CertificateError when it would refuse it. */
async function signOnTrial(authority: Authority, now: number): Promise<void> {
  const uri = identityUri({ installation: 'trial', side: 'host', node: 'trial', dpu: 'trial' });
  const { request } = await x509('makeRequest', { uri });
  const order = { request, uri, commonName: 'trial', usage: 'clientAuth' as const, authority };
  const { certificate } = await x509('issue', { ...order, issued: now, notAfter: now + leafLifetimeMs });
  const bundle = { installation: 'trial', authorities: [authority.certificate], revoked: [] };
  const { refusal } = verifyPeer(new X509Certificate(certificate), [], [bundle], { side: 'host', now });
  if (refusal) throw new CertificateError(`a certificate that it signed on trial does not count: ${refusal.message}`);
}

function decode(data: Readonly<Record<string, string>>, field: string): string {
  const text = Buffer.from(data[field] ?? '', 'base64').toString('utf8');
  if (text.trim() === '') throw new FieldError(`${field}: is missing`);
  return text;
}

function attempt<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new FieldError(`${field}: cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
