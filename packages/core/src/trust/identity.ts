/** Who an end of the channel between host and DPU is: a SPIFFE ID, the only subject alternative name of its certificate. */
import type { X509Certificate } from 'node:crypto';

export const sides = ['host', 'dpu'] as const;

export type Side = (typeof sides)[number];

export interface Identity {
  /** Id of the installation: the uid of the operator's namespace, without dashes. */
  installation: string;
  side: Side;
  /** Name of the Node. */
  node: string;
  /** Name of the DataProcessingUnit. */
  dpu: string;
}

const installation = '[0-9a-z]{1,63}';
/** A name of a Kubernetes object (RFC 1123 subdomain). */
const objectName = '[0-9a-z](?:[-.0-9a-z]{0,251}[0-9a-z])?';
const pattern = new RegExp(`^spiffe://(${installation})/(host|dpu)/(${objectName})/(${objectName})$`);
const nodePattern = new RegExp(`^spiffe://${installation}/(?:host|dpu)/${objectName}$`);
const installationPattern = new RegExp(`^${installation}$`);

/** The id of an installation, from the uid of its operator's namespace. */
export function installationOf(namespaceUid: string): string {
  return namespaceUid.replaceAll('-', '').toLowerCase();
}

export function isInstallation(text: string): boolean {
  return installationPattern.test(text);
}

export function identityUri({ installation, side, node, dpu }: Identity): string {
  return `${nodeUri({ installation, side, node })}/${dpu}`;
}

/** Names all identities of one side of a node, in a revocation. */
export function nodeUri({ installation, side, node }: Omit<Identity, 'dpu'>): string {
  return `spiffe://${installation}/${side}/${node}`;
}

/** @returns undefined when the text is no identity. */
export function parseIdentity(uri: string): Identity | undefined {
  const [, installation, side, node, dpu] = pattern.exec(uri) ?? [];
  if (!installation || !node || !dpu) return undefined;
  return { installation, side: side === 'host' ? 'host' : 'dpu', node, dpu };
}

/** Whether a revocation may name this: an identity, or one side of a node. */
export function isRevocable(subject: string): boolean {
  return pattern.test(subject) || nodePattern.test(subject);
}

/** @returns undefined when the certificate has another alternative name than one identity, or none. */
export function identityOf(certificate: X509Certificate): Identity | undefined {
  // Node quotes names with odd characters, and separates several by commas: neither is an identity.
  const name = certificate.subjectAltName ?? '';
  return name.startsWith('URI:') ? parseIdentity(name.slice('URI:'.length)) : undefined;
}
