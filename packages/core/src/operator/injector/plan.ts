/**
 * What is to be done about the certificate of the injector's webhook. Pure.
 *
 * Each certificate has an authority of its own, whose key is thrown away. The API server is told of a new authority before
 * the injector gets the certificate, and takes the former ones until they end, so that at no moment a call fails:
 *
 * ```
 * new authority into caBundle - certificate into the Secret - kubelet - injector's files - next connection
 * ```
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { splitPem } from '../../trust/bundle.ts';

/** Who keeps certificate and caBundle. */
export type Keeper = 'operator' | 'service-ca' | 'cert-manager';

/** On the webhook, by who wants cert-manager to keep its caBundle: from a Certificate, or from any Secret. */
const certManagerAnnotations = ['cert-manager.io/inject-ca-from', 'cert-manager.io/inject-ca-from-secret'];
/** On the webhook, for OpenShift's service-ca. */
export const serviceCaAnnotation = 'service.beta.openshift.io/inject-cabundle';

/** @param hasServiceCa whether the cluster is one that has OpenShift's service-ca */
export function keeperOf(annotations: Readonly<Record<string, string>> = {}, hasServiceCa: boolean): Keeper {
  if (certManagerAnnotations.some((name) => annotations[name])) return 'cert-manager';
  return hasServiceCa && annotations[serviceCaAnnotation] === 'true' ? 'service-ca' : 'operator';
}

/** What is in the Secret, PEM. */
export interface ServingCertificate {
  authority: string;
  certificate: string;
  key: string;
}

export interface ObservedServing {
  /** Milliseconds since 1970. */
  now: number;
  /** The name by which the API server calls the webhook. */
  name: string;
  secret: ServingCertificate | undefined;
  /** Whether the Secret goes with this webhook, and not with one that has gone. */
  isOwned: boolean;
  /** What the webhook's caBundle has, PEM. */
  bundle: string;
}

export interface ServingPlan {
  /** Why a new certificate is to be made; undefined while there is a good one. */
  renew: string | undefined;
  /** Authorities that the API server is to take beside a new one, PEM, the newest first. */
  authorities: string[];
}

/** Milliseconds that a certificate is valid. */
export const servingLifetimeMs = 365 * 24 * 3_600_000;
/** It is renewed when this part of its life is over: an operator that is away has four months. */
const renewAfter = 2 / 3;
/**
 * At most, beside a new one. One is in use, and the Secret may be made anew more than once before the kubelet has brought
 * it to the injector, which shows the former certificate until then.
 */
const keptAuthorities = 4;

export function planServing({ now, name, secret, isOwned, bundle }: ObservedServing): ServingPlan {
  const renew = reasonToRenew();
  const inUse = secret && isAuthority(secret.authority, now) ? [secret.authority.trim()] : [];
  const others = splitPem(bundle)
    .map((pem) => pem.trim())
    .filter((pem) => isAuthority(pem, now) && !inUse.includes(pem));
  return { renew, authorities: [...inUse, ...new Set(others)].slice(0, keptAuthorities) };

  function reasonToRenew(): string | undefined {
    if (!secret) return 'there is none';
    return isOwned ? faultOf(secret, name, now) : 'it goes with a webhook that has gone';
  }
}

/** What stands against a certificate; undefined when nothing does. */
function faultOf({ authority, certificate, key }: ServingCertificate, name: string, now: number): string | undefined {
  try {
    const leaf = new X509Certificate(certificate);
    if (!leaf.checkPrivateKey(createPrivateKey(key))) return 'tls.key does not belong to tls.crt';
    if (!leaf.verify(new X509Certificate(authority).publicKey)) return 'ca.crt did not sign tls.crt';
    if (!leaf.checkHost(name)) return `tls.crt is not for ${name}`;
    const from = leaf.validFromDate.getTime();
    const until = leaf.validToDate.getTime();
    if (now < from || now > from + (until - from) * renewAfter) return `tls.crt is valid until ${leaf.validTo}`;
    return undefined;
  } catch (error) {
    return `it cannot be read: ${error instanceof Error ? error.message : error}`;
  }
}

function isAuthority(pem: string, now: number): boolean {
  try {
    return new X509Certificate(pem).validToDate.getTime() > now;
  } catch {
    return false;
  }
}
