/** What a daemon trusts of one installation, as it stands in a ConfigMap. */
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { isInstallation, isRevocable } from './identity.ts';

export interface Revocation {
  /** An identity, or `spiffe://<installation>/<side>/<node>`: all of that side of the node. */
  subject: string;
  /** RFC 3339. Certificates that were issued before it do not count. */
  before: string;
  /** The operator of that installation issues none to it either, until it is allowed again. */
  barred?: true | undefined;
}

export interface TrustBundle {
  installation: string;
  /** Certificates that sign those of this installation's daemons, PEM each. */
  authorities: string[];
  revoked: Revocation[];
}

export const bundleKeys = {
  installation: 'installation',
  authorities: 'ca.crt',
  revoked: 'revoked.json',
} as const;

const revokedSchema = z.array(
  z.object({
    subject: z.string().refine(isRevocable, 'must be spiffe://installation/side/node or .../node/dpu'),
    before: z.iso.datetime({ offset: true }),
    barred: z.literal(true).optional(),
  }),
);

/**
 * Reads the data of a ConfigMap.
 *
 * @throws Error that names the key and what is wrong with it.
 */
export function bundleFrom(data: Readonly<Record<string, string>> | undefined): TrustBundle {
  const installation = data?.[bundleKeys.installation]?.trim();
  if (!installation) throw new Error(`${bundleKeys.installation}: is missing`);
  if (!isInstallation(installation)) {
    throw new Error(`${bundleKeys.installation}: ${JSON.stringify(installation)} is no id of an installation`);
  }
  return {
    installation,
    authorities: authoritiesFrom(data?.[bundleKeys.authorities]),
    revoked: revokedFrom(data?.[bundleKeys.revoked], installation),
  };
}

/** The data of a ConfigMap that {@link bundleFrom} reads. */
export function bundleData({ installation, authorities, revoked }: TrustBundle): Record<string, string> {
  return {
    [bundleKeys.installation]: installation,
    [bundleKeys.authorities]: authorities.map((pem) => `${pem.trim()}\n`).join(''),
    [bundleKeys.revoked]: `${JSON.stringify(revoked)}\n`,
  };
}

/** The certificates of a PEM text, each by itself. */
export function splitPem(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function authoritiesFrom(text: string | undefined): string[] {
  const key = bundleKeys.authorities;
  const authorities = splitPem(text ?? '').map((pem) => `${pem}\n`);
  if (authorities.length === 0) throw new Error(`${key}: has no certificate in PEM`);
  for (const [index, pem] of authorities.entries()) {
    const certificate = parse(pem, `${key}: certificate ${index + 1}`);
    if (!certificate.ca) throw new Error(`${key}: certificate ${index + 1} is not one of an authority (CA: true)`);
  }
  return authorities;
}

function parse(pem: string, where: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new Error(`${where} cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function revokedFrom(text: string | undefined, installation: string): Revocation[] {
  const key = bundleKeys.revoked;
  if (!text?.trim()) return [];
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${key}: is no JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  const result = revokedSchema.safeParse(json);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new Error(`${key}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const foreign = result.data.find(({ subject }) => !subject.startsWith(`spiffe://${installation}/`));
  if (foreign) throw new Error(`${key}: ${foreign.subject} is not of installation ${installation}`);
  return result.data;
}
