/** For tests: ends of the channel, with an authority in the operator's place that answers at once. */
import { EventEmitter } from 'node:events';
import type { Revocation, TrustBundle } from '../../trust/bundle.ts';
import { type Identity, identityUri, type Side } from '../../trust/identity.ts';
import { TestAuthority } from '../../trust/testing.ts';
import { issue, makeRequest } from '../../trust/x509/operations.ts';
import { silent, temporaryDirectory } from '../datapath/testing.ts';
import { ChannelEnd, type NodeTrust } from './channel-end.ts';

const dayOfLife = { issued: 0, notAfter: 24 * 3_600_000 };
/** Two thirds of its life are over in 1 s, and it is good for much longer. */
export const soonRenewed = { issued: -599_000, notAfter: 301_000 };

/** What the nodes of one installation trust, and who signs for them. */
export class TestTrust extends EventEmitter<{ change: [] }> implements NodeTrust {
  authority: TestAuthority;
  /** Those of its installation that count; the one that signs is the last. */
  #authorities: TestAuthority[];
  #revoked: Revocation[] = [];
  #imported: TrustBundle[] = [];
  problem: string | undefined;
  /** Milliseconds from now, which the certificate that is issued next says of its life. */
  next = dayOfLife;
  /** How many were issued. */
  issued = 0;
  /** Awaited before each answer. */
  answer: Promise<void> = Promise.resolve();
  /** In its place from the next answer on. */
  answerThen: Promise<void> | undefined;

  constructor(authority: TestAuthority) {
    super();
    this.setMaxListeners(0);
    this.authority = authority;
    this.#authorities = [authority];
  }

  static async create(installation: string): Promise<TestTrust> {
    return new TestTrust(await TestAuthority.create(installation));
  }

  get own(): TrustBundle {
    const { installation } = this.authority;
    const authorities = this.#authorities.map(({ authority }) => authority.certificate);
    return { installation, authorities, revoked: this.#revoked };
  }

  bundles(): TrustBundle[] {
    return [this.own, ...this.#imported];
  }

  onChange(listener: () => void): () => void {
    this.on('change', listener);
    return () => this.off('change', listener);
  }

  import(...bundles: TrustBundle[]): void {
    this.#imported = bundles;
    this.emit('change');
  }

  revoke(subject: string, before = new Date()): void {
    this.#revoked = [...this.#revoked, { subject, before: before.toISOString() }];
    this.emit('change');
  }

  /** All of these count, and the last signs. */
  sign(...authorities: TestAuthority[]): void {
    this.#authorities = authorities;
    this.authority = authorities.at(-1) ?? this.authority;
    this.emit('change');
  }

  makeRequest(identity: Identity): Promise<{ key: string; request: string }> {
    return makeRequest({ uri: identityUri(identity) });
  }

  async certify(identity: Identity, request: string): Promise<string> {
    await this.answer;
    this.answer = this.answerThen ?? this.answer;
    this.issued += 1;
    const { issued, notAfter } = this.next;
    this.next = dayOfLife;
    const { certificate } = await issue({
      request,
      uri: identityUri(identity),
      commonName: identity.dpu,
      usage: identity.side === 'host' ? 'clientAuth' : 'serverAuth',
      authority: this.authority.authority,
      issued: Date.now() + issued,
      notAfter: Date.now() + notAfter,
    });
    return certificate;
  }
}

export interface TestEndOptions {
  side: Side;
  nodeName?: string;
  dpuName?: string;
  directory?: string;
}

/** @param trust for one that is to be secured later */
export function plainEnd({ trust, ...options }: TestEndOptions & { trust?: NodeTrust }): ChannelEnd {
  const end = openEnd(options, trust);
  end.set({ security: 'plain' });
  return end;
}

/** With mutual TLS. */
export function securedEnd(options: TestEndOptions, trust: NodeTrust): ChannelEnd {
  const end = openEnd(options, trust);
  end.set(undefined);
  return end;
}

/** As an earlier daemon has left it. */
export function openEnd({ side, nodeName, dpuName, directory }: TestEndOptions, trust: NodeTrust | undefined) {
  return new ChannelEnd({
    side,
    nodeName: nodeName ?? (side === 'host' ? 'host-1' : 'dpu-1'),
    dpuName: dpuName ?? `${side}-a`,
    directory: directory ?? temporaryDirectory(),
    trust,
    logger: silent,
  });
}
