/** Makes and reads certificates and requests. Imported by the program of `program.ts`, and by tests. */
import 'reflect-metadata';
import { createPrivateKey, type KeyObject, type webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { serialAt } from '../serial.ts';

/** The curve of daemons' keys and of the operator's own authority. */
const p256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const sha256 = { hash: 'SHA-256' } as const;
const pemLabel = 'PRIVATE KEY';

/** Milliseconds by which a certificate is valid before its issue, for clocks that are behind. */
const backdatedMs = 5 * 60_000;

export interface KeyAndRequest {
  /** PKCS #8, PEM. */
  key: string;
  /** PKCS #10, PEM. */
  request: string;
}

/** A new P-256 key, and a request that asks for this URI as the only subject alternative name. */
export async function makeRequest({ uri }: { uri: string }): Promise<KeyAndRequest> {
  const keys = await crypto.subtle.generateKey(p256, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: { ...p256, ...sha256 },
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: uri }])],
  });
  return { key: await privatePem(keys.privateKey), request: request.toString('pem') };
}

export interface KeyAndCertificate {
  /** PKCS #8, PEM. */
  key: string;
  /** PEM. */
  certificate: string;
}

export interface AuthorityOrder {
  commonName: string;
  /** Id of the installation. */
  organisation: string;
  /** Milliseconds since 1970. */
  notBefore: number;
  notAfter: number;
}

/** A new P-256 authority that signs end certificates only. */
export async function makeAuthority(order: AuthorityOrder): Promise<KeyAndCertificate> {
  const keys = await crypto.subtle.generateKey(p256, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    keys,
    name: [{ CN: [order.commonName] }, { O: [order.organisation] }],
    serialNumber: serialAt(new Date(order.notBefore)),
    notBefore: new Date(order.notBefore),
    notAfter: new Date(order.notAfter),
    signingAlgorithm: { ...p256, ...sha256 },
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: await privatePem(keys.privateKey), certificate: certificate.toString('pem') };
}

const yearMs = 365 * 24 * 3_600_000;

/**
 * A certificate for HTTPS that vouches for itself, with a new P-256 key; for ten years, longer than any process runs.
 *
 * @param name a DNS name; names of nodes and pods are
 */
export async function makeServerCertificate({ name }: { name: string }): Promise<KeyAndCertificate> {
  const keys = await crypto.subtle.generateKey(p256, true, ['sign', 'verify']);
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    keys,
    // A common name has 64 characters (RFC 5280, appendix A).
    name: [{ CN: [name.slice(0, 64)] }],
    serialNumber: serialAt(new Date(now)),
    notBefore: new Date(now - backdatedMs),
    notAfter: new Date(now + 10 * yearMs),
    signingAlgorithm: { ...p256, ...sha256 },
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
    ],
  });
  return { key: await privatePem(keys.privateKey), certificate: certificate.toString('pem') };
}

export interface ServingOrder {
  /** A DNS name. */
  name: string;
  /** Milliseconds since 1970. */
  issued: number;
  /** Milliseconds since 1970. */
  notAfter: number;
}

/** A certificate for HTTPS with a new P-256 key, and the authority that signed it and nothing else: its key is not kept. */
export async function makeServingCertificate(order: ServingOrder): Promise<KeyAndCertificate & { authority: string }> {
  const notBefore = order.issued - backdatedMs;
  const { name, notAfter } = order;
  const made = await makeAuthority({
    commonName: `${name.slice(0, 38)} ${new Date(order.issued).toISOString()}`,
    organisation: 'dpu-operator',
    notBefore,
    notAfter,
  });
  const authority = new x509.X509Certificate(made.certificate);
  const keys = await crypto.subtle.generateKey(p256, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    issuer: authority.subjectName,
    subject: [{ CN: [name.slice(0, 64)] }],
    serialNumber: serialAt(new Date(order.issued)),
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey: keys.publicKey,
    ...(await importKey(createPrivateKey(made.key))),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  return {
    key: await privatePem(keys.privateKey),
    certificate: certificate.toString('pem'),
    authority: made.certificate,
  };
}

/** What a request asks for. */
export interface RequestContent {
  /** Whether it is signed by the key that it names. */
  signed: boolean;
  /** RFC 4514; empty when it has none. */
  subject: string;
  /** Such as `url:spiffe://…`. */
  names: string[];
  /** Such as `ECDSA P-256`. */
  key: string;
}

/** @throws Error when it is no request. */
export async function readRequest({ request }: { request: string }): Promise<RequestContent> {
  const parsed = new x509.Pkcs10CertificateRequest(request);
  const names = parsed.extensions.find((extension) => extension instanceof x509.SubjectAlternativeNameExtension);
  const algorithm = parsed.publicKey.algorithm as { name: string; namedCurve?: string };
  return {
    signed: await parsed.verify().catch(() => false),
    subject: parsed.subject,
    names: (names?.names.items ?? []).map(({ type, value }) => `${type}:${value}`),
    key: [algorithm.name, algorithm.namedCurve].filter(Boolean).join(' '),
  };
}

export interface IssueOrder {
  request: string;
  /** What stands in the certificate; nothing but the key is taken from the request. */
  uri: string;
  commonName: string;
  usage: 'clientAuth' | 'serverAuth';
  authority: KeyAndCertificate;
  /** Milliseconds since 1970. */
  issued: number;
  /** Milliseconds since 1970; never after the authority's own end. */
  notAfter: number;
}

/** Signs the key of a request. @returns the certificate, PEM. @throws Error when the authority cannot sign. */
export async function issue(order: IssueOrder): Promise<{ certificate: string }> {
  const authority = new x509.X509Certificate(order.authority.certificate);
  const { publicKey } = new x509.Pkcs10CertificateRequest(order.request);
  const { signingKey, signingAlgorithm } = await importKey(createPrivateKey(order.authority.key));
  const purpose = x509.ExtendedKeyUsage[order.usage];
  const certificate = await x509.X509CertificateGenerator.create({
    issuer: authority.subjectName,
    subject: [{ CN: [order.commonName] }],
    serialNumber: serialAt(new Date(order.issued)),
    notBefore: new Date(Math.max(order.issued - backdatedMs, authority.notBefore.getTime())),
    notAfter: new Date(Math.min(order.notAfter, authority.notAfter.getTime())),
    publicKey,
    signingKey,
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([purpose]),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: order.uri }]),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  const pem = certificate.toString('pem');
  if (!new X509Certificate(pem).verify(new X509Certificate(order.authority.certificate).publicKey)) {
    throw new Error("the authority's key does not belong to its certificate");
  }
  return { certificate: pem };
}

/** WebCrypto's names for a key that Node has read in whichever format. */
async function importKey(key: KeyObject) {
  const der = key.export({ format: 'der', type: 'pkcs8' });
  const algorithm = signingAlgorithmOf(key);
  const signingKey = await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
  return { signingKey, signingAlgorithm: algorithm };
}

const curves: Record<string, { namedCurve: string; hash: string }> = {
  prime256v1: { namedCurve: 'P-256', hash: 'SHA-256' },
  secp384r1: { namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { namedCurve: 'P-521', hash: 'SHA-512' },
};

function signingAlgorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) {
  if (asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', ...sha256 };
  if (asymmetricKeyType === 'ed25519') return { name: 'Ed25519' };
  const curve = curves[asymmetricKeyDetails?.namedCurve ?? ''];
  if (asymmetricKeyType === 'ec' && curve) return { name: 'ECDSA', ...curve };
  throw new Error(`a key of type ${asymmetricKeyType} cannot sign here: use ECDSA (P-256), RSA or Ed25519`);
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), pemLabel);
}
