/**
 * What one DPU of this node brings to the channel between host and DPU: how that is secured, the certificate that says
 * who this end is, and whom it accepts at the other. On disk, for a start without the API server.
 */
import type { X509Certificate } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { ChannelSpec } from '../../api/index.ts';
import type { TrustBundle } from '../../trust/bundle.ts';
import { type Identity, identityUri, parseIdentity, type Side } from '../../trust/identity.ts';
import { type Verdict, verifyPeer } from '../../trust/verify.ts';
import type { Outage } from '../peer/availability.ts';
import { ownerOf } from '../peer/owner.ts';
import { Records } from '../state/records.ts';
import { CertificateKeeper, type CertificateKeeperOptions } from './certificate-keeper.ts';
import type { Credentials } from './credentials.ts';

/** Whom the node trusts, and who gives it certificates. */
export interface NodeTrust extends Pick<CertificateKeeperOptions, 'makeRequest' | 'certify'> {
  readonly own: TrustBundle | undefined;
  /** What of the trust that was given is not followed, and why. */
  readonly problem: string | undefined;
  bundles(): readonly TrustBundle[];
  /** @returns what ends that */
  onChange(listener: () => void): () => void;
}

export interface ChannelEndOptions {
  dpuName: string;
  nodeName: string;
  side: Side;
  /** The DPU's directory of records. */
  directory: string;
  /** Undefined where there is no operator: then only plain text is possible. */
  trust: NodeTrust | undefined;
  logger: Logger;
}

const recordSchema = z.object({
  version: z.literal(1),
  security: z.enum(['mutualTLS', 'plain']),
  peers: z.array(z.string()).exactOptional(),
  /** The first DPU that this host worked with. */
  firstPeer: z.string().exactOptional(),
  credentials: z.object({ key: z.string(), certificate: z.string() }).exactOptional(),
});
type ChannelRecord = z.infer<typeof recordSchema>;

const key = 'channel';

/** Emits `change` when any of its getters, or {@link ChannelEnd.verify}, may answer something else. */
export class ChannelEnd extends EventEmitter<{ change: [] }> {
  readonly #options: ChannelEndOptions;
  readonly #records: Records<ChannelRecord>;
  readonly #certificate: CertificateKeeper;
  readonly #stopListening: () => void;
  #record: ChannelRecord;
  /** Until it is known how the channel is to be secured, no certificate is asked for. */
  #isSet: boolean;

  constructor(options: ChannelEndOptions) {
    super();
    this.#options = options;
    const { directory, logger, trust } = options;
    this.#records = new Records({ directory: `${directory}/channel`, schema: recordSchema, what: 'channel', logger });
    const known = this.#records.get(key);
    this.#record = known ?? { version: 1, security: 'mutualTLS' };
    this.#isSet = known !== undefined;
    this.#certificate = new CertificateKeeper({
      identity: () => this.#identity(),
      makeRequest: (identity) => required(trust).makeRequest(identity),
      certify: (identity, request, signal) => required(trust).certify(identity, request, signal),
      refusal: (credentials) => this.#ownRefusal(credentials),
      load: () => this.#record.credentials,
      save: async (credentials) => this.#write({ ...this.#record, credentials }),
      onChange: () => this.emit('change'),
      logger,
    });
    this.#stopListening = trust?.onChange(() => this.#trustChanged()) ?? (() => {});
    this.#reconsider();
  }

  get security(): ChannelSpec['security'] {
    return this.#record.security;
  }

  /** Undefined while there is none, and with plain text. */
  get credentials(): Credentials | undefined {
    return this.security === 'mutualTLS' ? this.#certificate.current : undefined;
  }

  /** Why there is no certificate, or why it is not renewed. */
  get problem(): Outage | undefined {
    return this.security === 'mutualTLS' ? this.#certificate.problem : undefined;
  }

  /** Who this end is to the other one; undefined while it has no certificate. */
  get name(): string | undefined {
    const { nodeName, dpuName } = this.#options;
    return this.security === 'plain' ? ownerOf(nodeName, dpuName) : this.credentials?.uri;
  }

  /** The only other ends that are accepted; undefined where every trusted one is. */
  get peers(): readonly string[] | undefined {
    const { peers, firstPeer } = this.#record;
    if (peers || this.#options.side === 'dpu') return peers;
    return firstPeer === undefined ? undefined : [firstPeer];
  }

  /** What of the trust that was given is not followed, and why. */
  get trustProblem(): string | undefined {
    return this.#options.trust?.problem;
  }

  /** The first DPU that this host worked with. */
  get workedFirst(): string | undefined {
    return this.#record.firstPeer;
  }

  /**
   * Whether the other end, of which only node and DPU are known, is of this installation: the own one, or the only one
   * that is possible.
   */
  isOnlyInstallation(installation: string): boolean {
    const { trust } = this.#options;
    if (installation === trust?.own?.installation) return true;
    const listed = this.peers?.map((peer) => parseIdentity(peer)?.installation);
    const possible = listed ?? trust?.bundles().map((bundle) => bundle.installation) ?? [];
    return possible.length > 0 && possible.every((one) => one === installation);
  }

  /**
   * @param spec as the operator has set it
   * @param worked other ends that an earlier daemon said that it works with: a reboot takes this one's records away
   */
  set(spec: ChannelSpec | undefined, worked: readonly string[] = []): void {
    const { security = 'mutualTLS', peers } = spec ?? {};
    const before = this.#record;
    const firstPeer = before.firstPeer ?? (this.#options.side === 'host' ? worked[0] : undefined);
    const { peers: _, ...rest } = before;
    const after: ChannelRecord = {
      ...rest,
      security,
      ...(peers && { peers }),
      ...(firstPeer !== undefined && { firstPeer }),
    };
    if (this.#isSet && isDeepStrictEqual(after, before)) return;
    this.#isSet = true;
    void this.#write(after);
    this.#reconsider();
    this.emit('change');
  }

  /** A host keeps to the first DPU that it worked with. */
  workedWith(peer: Identity): void {
    if (this.#options.side === 'dpu' || this.#record.firstPeer !== undefined) return;
    void this.#write({ ...this.#record, firstPeer: identityUri(peer) });
  }

  /** Whether the other end is accepted. */
  verify(certificate: X509Certificate, chain: readonly X509Certificate[]): Verdict {
    const side = this.#options.side === 'host' ? 'dpu' : 'host';
    const bundles = this.#options.trust?.bundles() ?? [];
    const verdict = verifyPeer(certificate, chain, bundles, { side, peers: this.peers, now: Date.now() });
    const { firstPeer, peers } = this.#record;
    if (verdict.refusal?.reason !== 'PeerNotListed' || peers || firstPeer === undefined) return verdict;
    const message = `this host has worked with ${firstPeer} and keeps to it; to accept another, name that in spec.channel.peers of the DataProcessingUnitConfig`;
    return { refusal: { reason: 'PeerNotListed', message } };
  }

  close(): void {
    this.#stopListening();
    this.#certificate.close();
    this.#records.close();
    this.removeAllListeners();
  }

  /** In memory at once; on disk as soon as that takes it, as nothing here is worth holding pods up for. */
  async #write(record: ChannelRecord): Promise<void> {
    this.#record = record;
    await this.#records.updateEventually(key, () => this.#record);
  }

  #identity(): Identity | undefined {
    const { trust, side, nodeName, dpuName } = this.#options;
    const installation = trust?.own?.installation;
    return installation === undefined ? undefined : { installation, side, node: nodeName, dpu: dpuName };
  }

  /** What an end of the own installation would say to the certificate. */
  #ownRefusal({ certificate, chain }: Credentials): string | undefined {
    const { trust, side } = this.#options;
    const own = trust?.own;
    return own && verifyPeer(certificate, chain, [own], { side, now: Date.now() }).refusal?.message;
  }

  #reconsider(): void {
    if (this.#isSet && this.security === 'mutualTLS') this.#certificate.reconsider();
  }

  #trustChanged(): void {
    this.#reconsider();
    this.emit('change');
  }
}

function required(trust: NodeTrust | undefined): NodeTrust {
  if (trust) return trust;
  throw new Error('there is no operator to ask for a certificate');
}
