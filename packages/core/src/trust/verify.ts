/** Whether the other end of a channel is who its certificate says, and may be. Pure. */
import { X509Certificate } from 'node:crypto';
import type { TrustBundle } from './bundle.ts';
import { type Identity, identityOf, identityUri, nodeUri, type Side } from './identity.ts';
import { issuedAt } from './serial.ts';

export type RefusalReason =
  | 'PeerNoIdentity'
  | 'PeerOtherInstallation'
  | 'PeerNotTrusted'
  | 'PeerNotYetValid'
  | 'PeerExpired'
  | 'PeerWrongSide'
  | 'PeerRevoked'
  | 'PeerNotListed';

export interface Refusal {
  reason: RefusalReason;
  /** What is wrong and what to do, for people. */
  message: string;
}

export type Verdict = { identity: Identity; refusal?: undefined } | { identity?: undefined; refusal: Refusal };

export interface VerifyOptions {
  /** The side that the other end has to be. */
  side: Side;
  /** Identities that are accepted. Default: all that are trusted. */
  peers?: readonly string[] | undefined;
  /** Milliseconds since 1970. */
  now: number;
}

/** Milliseconds by which clocks may differ. */
export const clockDifferenceMs = 5 * 60_000;

const clientAuth = '1.3.6.1.5.5.7.3.2';
const serverAuth = '1.3.6.1.5.5.7.3.1';

/**
 * @param certificate of the other end, whose key that end has proven to hold.
 * @param chain what it sent beside: one intermediate between it and an authority is looked for here.
 * @param bundles what is trusted. A certificate counts only under an authority of the installation that its identity
 * names.
 */
export function verifyPeer(
  certificate: X509Certificate,
  chain: readonly X509Certificate[],
  bundles: readonly TrustBundle[],
  options: VerifyOptions,
): Verdict {
  const identity = identityOf(certificate);
  if (!identity) {
    return refuse('PeerNoIdentity', "the other end's certificate names no host or DPU; it is not of a DPU operator");
  }
  const uri = identityUri(identity);
  const bundle = bundles.find(({ installation }) => installation === identity.installation);
  if (!bundle) {
    const message = `${uri} is of another installation, whose trust is not known here; import it (dpuctl trust import)`;
    return refuse('PeerOtherInstallation', message);
  }
  const links = pathTo(authoritiesOf(bundle), certificate, chain);
  if (!links) {
    const message = `the certificate of ${uri} is not signed by an authority of installation ${bundle.installation} that is known here; if its authority was exchanged, import its trust again (dpuctl trust import)`;
    return refuse('PeerNotTrusted', message);
  }
  for (const link of links) {
    const refusal = validity(link, uri, options.now);
    if (refusal) return { refusal };
  }
  return permission(certificate, identity, bundle, options) ?? { identity };
}

/** The certificate, and the intermediate and authority above it; undefined when no path leads to an authority. */
function pathTo(
  authorities: readonly X509Certificate[],
  certificate: X509Certificate,
  chain: readonly X509Certificate[],
): X509Certificate[] | undefined {
  const above = authorities.find((authority) => isIssuedBy(certificate, authority));
  if (above) return [certificate, above];
  for (const intermediate of chain) {
    if (!intermediate.ca || !isIssuedBy(certificate, intermediate)) continue;
    const authority = authorities.find((candidate) => isIssuedBy(intermediate, candidate));
    if (authority) return [certificate, intermediate, authority];
  }
  return undefined;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function validity(certificate: X509Certificate, uri: string, now: number): Refusal | undefined {
  const from = certificate.validFromDate.getTime();
  const to = certificate.validToDate.getTime();
  const whose = certificate.ca ? `the authority that signed ${uri}` : `the certificate of ${uri}`;
  if (now > to) {
    const message = `${whose} expired at ${certificate.validToDate.toISOString()}; compare the clocks, and see the condition Channel of the other end`;
    return { reason: 'PeerExpired', message };
  }
  if (now + clockDifferenceMs < from) {
    const message = `${whose} is valid from ${certificate.validFromDate.toISOString()} on, by this node's clock later; compare the clocks`;
    return { reason: 'PeerNotYetValid', message };
  }
  return undefined;
}

/** @returns a refusal; undefined when there is none. */
function permission(
  certificate: X509Certificate,
  identity: Identity,
  { revoked }: TrustBundle,
  { side, peers }: VerifyOptions,
): Verdict | undefined {
  const uri = identityUri(identity);
  const usage = side === 'host' ? clientAuth : serverAuth;
  if (identity.side !== side || !certificate.keyUsage?.includes(usage)) {
    return refuse('PeerWrongSide', `the certificate of ${uri} is not one of a ${side} side`);
  }
  const issued = issuedAt(certificate);
  const subjects = [uri, nodeUri(identity)];
  const revocation = revoked.find(({ subject, before }) => subjects.includes(subject) && issued < Date.parse(before));
  if (revocation) {
    const message = `certificates of ${revocation.subject} from before ${revocation.before} are revoked; a daemon that is still trusted asks for a new one by itself, and if this stays, see its condition Channel`;
    return refuse('PeerRevoked', message);
  }
  if (peers && !peers.includes(uri)) {
    const message = `${uri} is not among the peers that are accepted here; add it to spec.channel.peers of the DataProcessingUnitConfig`;
    return refuse('PeerNotListed', message);
  }
  return undefined;
}

function refuse(reason: RefusalReason, message: string): Verdict {
  return { refusal: { reason, message } };
}

/** Certificates of authorities are parsed once for each bundle. */
const parsed = new WeakMap<TrustBundle, X509Certificate[]>();

function authoritiesOf(bundle: TrustBundle): X509Certificate[] {
  const known = parsed.get(bundle);
  if (known) return known;
  const authorities = bundle.authorities.map((pem) => new X509Certificate(pem));
  parsed.set(bundle, authorities);
  return authorities;
}
