/** A key with its certificate. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { splitPem } from '../../trust/bundle.ts';
import { type Identity, identityOf, identityUri } from '../../trust/identity.ts';
import { issuedAt } from '../../trust/serial.ts';

export interface Credentials {
  readonly identity: Identity;
  /** The SPIFFE ID in the certificate. */
  readonly uri: string;
  readonly certificate: X509Certificate;
  /** Certificates between it and the authority. */
  readonly chain: readonly X509Certificate[];
  readonly notAfter: Date;
  /** Milliseconds since 1970. */
  readonly renewAt: number;
  /** PEM. */
  readonly key: string;
  /** The certificate and its chain, PEM. */
  readonly pem: string;
}

/** Share of the lifetime after which it is renewed: the operator may then be away for the rest. */
const renewAfter = 2 / 3;

/**
 * @param key PEM
 * @param certificate with those between it and the authority, PEM
 * @param identity whose it has to be
 * @throws Error saying why they are of no use
 */
export function credentialsFrom(key: string, certificate: string, identity: Identity): Credentials {
  const [own, ...chain] = splitPem(certificate).map((pem) => new X509Certificate(pem));
  if (!own) throw new Error('there is no certificate in it');
  const uri = identityUri(identity);
  const its = identityOf(own);
  if (!its || identityUri(its) !== uri) throw new Error(`the certificate is not of ${uri}`);
  if (!own.checkPrivateKey(createPrivateKey(key))) throw new Error('the certificate is not of the key');
  // Certificates are valid from before their issue on, for clocks that are behind.
  const issued = Math.max(issuedAt(own), own.validFromDate.getTime());
  const notAfter = own.validToDate;
  return {
    identity,
    uri,
    certificate: own,
    chain,
    notAfter,
    renewAt: issued + (notAfter.getTime() - issued) * renewAfter,
    key,
    pem: certificate,
  };
}

/** Those that a TLS socket has of its other end, without the first. */
export function chainOf(certificate: X509Certificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let issuer = certificate.issuerCertificate;
  // As many as verifyPeer looks at, with some that are of no use; a self-signed one names itself.
  while (issuer && chain.length < 4 && issuer.fingerprint256 !== chain.at(-1)?.fingerprint256) {
    chain.push(issuer);
    issuer = issuer.issuerCertificate;
  }
  return chain;
}
