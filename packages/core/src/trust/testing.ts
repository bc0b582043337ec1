/** Authorities and certificates for tests: real ones, made in this process. */
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import * as library from '@peculiar/x509';
import type { Revocation, TrustBundle } from './bundle.ts';
import { type Identity, identityUri } from './identity.ts';
import { issue, type KeyAndCertificate, makeAuthority, makeRequest } from './x509/operations.ts';

const dayMs = 24 * 3_600_000;

export interface TestCertificate extends KeyAndCertificate {
  x509: X509Certificate;
}

export interface TestCertificateOptions {
  /** Milliseconds since 1970. Default: now. */
  issued?: number;
  /** Milliseconds since 1970. Default: a day after `issued`. */
  notAfter?: number;
  /** Default: that of the identity's side. */
  usage?: 'clientAuth' | 'serverAuth';
}

export class TestAuthority {
  readonly installation: string;
  readonly authority: KeyAndCertificate;

  constructor(installation: string, authority: KeyAndCertificate) {
    this.installation = installation;
    this.authority = authority;
  }

  static async create(
    installation: string,
    { notBefore = Date.now() - dayMs, notAfter = Date.now() + 365 * dayMs } = {},
  ) {
    const commonName = `test ${Math.random()}`;
    const authority = await makeAuthority({ commonName, organisation: installation, notBefore, notAfter });
    return new TestAuthority(installation, authority);
  }

  /** Another authority of the installation, signed by this one. */
  async intermediate(): Promise<TestAuthority> {
    const signed = await this.#sign(`CN=test ${Math.random()}`, new library.BasicConstraintsExtension(true, 0, true));
    return new TestAuthority(this.installation, signed);
  }

  /** A key and certificate, in PEM, of a server at an IP address, which is `localhost` too. */
  async issueServer(address: string): Promise<KeyAndCertificate> {
    const names = new library.SubjectAlternativeNameExtension([
      { type: 'ip', value: address },
      { type: 'dns', value: 'localhost' },
    ]);
    return await this.#sign(`CN=${address}`, names);
  }

  /** Of a new key, for as long as this authority lasts. */
  async #sign(subject: string, extension: library.Extension): Promise<KeyAndCertificate> {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const above = new library.X509Certificate(this.authority.certificate);
    const key = library.PemConverter.decodeFirst(this.authority.key);
    const certificate = await library.X509CertificateGenerator.create({
      issuer: above.subjectName,
      subject,
      notBefore: above.notBefore,
      notAfter: above.notAfter,
      publicKey: keys.publicKey,
      signingKey: await crypto.subtle.importKey('pkcs8', key, algorithm, false, ['sign']),
      signingAlgorithm: algorithm,
      extensions: [extension],
    });
    const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
    return { key: library.PemConverter.encode(pkcs8, 'PRIVATE KEY'), certificate: certificate.toString('pem') };
  }

  bundle(revoked: Revocation[] = []): TrustBundle {
    return { installation: this.installation, authorities: [this.authority.certificate], revoked };
  }

  /** A key and certificate for the identity, of this installation unless it names another. */
  async issue(
    { installation = this.installation, ...rest }: Omit<Identity, 'installation'> & { installation?: string },
    options: TestCertificateOptions = {},
  ): Promise<TestCertificate> {
    const identity = { installation, ...rest };
    return await this.issueUri(identityUri(identity), {
      usage: identity.side === 'host' ? 'clientAuth' : 'serverAuth',
      ...options,
    });
  }

  /** With whatever name. */
  async issueUri(uri: string, options: TestCertificateOptions = {}): Promise<TestCertificate> {
    const { issued = Date.now(), notAfter = issued + dayMs, usage = 'clientAuth' } = options;
    const { key, request } = await makeRequest({ uri });
    const commonName = 'test';
    const { authority } = this;
    const { certificate } = await issue({ request, uri, commonName, usage, authority, issued, notAfter });
    return { key, certificate, x509: new X509Certificate(certificate) };
  }
}
