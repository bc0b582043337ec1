/**
 * The data path of a host side: the bridge ports that its pods need at the daemon on the DPU.
 *
 * This host's attachments are the truth. Whenever the peer comes (back) within reach, its ports of this host are made
 * equal to them. So a deletion that the peer cannot hear of now is no error; a creation waits for a peer that is
 * expected back.
 */
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import type { Outage } from '../../peer/availability.ts';
import { Peer, type PeerListener, type PeerOptions } from '../../peer/peer.ts';
import type { UnreadableRecord } from '../../state/set-aside.ts';
import { bridgePortKey } from '../items.ts';
import { PeerTarget } from '../peer-target.ts';
import { Reconciler } from '../reconciler.ts';
import { type BridgePortCalls, outcomeUnknown } from '../target.ts';
import { type AttachedPorts, HostSideItems } from './host-side-items.ts';

export interface HostDataPathOptions {
  dpuName: string;
  /** Who this host is to the DPU's daemon, and how the channel is secured. */
  end: PeerOptions['end'];
  nodeName: string;
  /** The DPU's directory of records. */
  directory: string;
  attachments: AttachedPorts;
  /** Called when what it says of the peer may have changed. */
  onChange: () => void;
  /** Called when {@link HostDataPath.unreadable} has changed. */
  onUnreadable?: (() => void) | undefined;
  logger: Logger;
  heartbeatMs: number;
  graceMs: number;
  /** An earlier daemon of this host served this DPU: a peer that is not there at once is no outage yet. */
  isKnownDpu: boolean;
}

/** Milliseconds that an ADD waits for a peer that is expected back; as long as the longest call to it. */
const patienceMs = 10_000;

export class HostDataPath implements PeerListener {
  readonly #options: HostDataPathOptions;
  readonly #items: HostSideItems;
  readonly #reconciler: Reconciler;
  #peer: { peer: Peer; address: string } | undefined;
  #closed = false;

  constructor(options: HostDataPathOptions) {
    this.#options = options;
    this.#items = new HostSideItems(options);
    this.#reconciler = new Reconciler({
      desired: this.#items,
      disconnected: "the DPU side's daemon is out of reach",
      logger: options.logger,
    });
  }

  /** Whether the peer was heard of: until then nothing is said of it. */
  get isKnown(): boolean {
    return this.#peer?.peer.isKnown ?? false;
  }

  /** Why pods cannot be served by the peer. */
  get outage(): Outage | undefined {
    return this.#peer?.peer.outage ?? this.#peer?.peer.leaving;
  }

  /** Whether the DPU side keeps no networks apart, as it said last; undefined until it has answered. */
  get hasOneBridge(): boolean | undefined {
    return this.#peer?.peer.hasOneBridge;
  }

  /** SPIFFE ID of the DPU that answers, or did last. */
  get peerIdentity(): string | undefined {
    return this.#peer?.peer.identity;
  }

  /** Why one of the two ends refuses the other; without a grace period. */
  get channelProblem(): Outage | undefined {
    return this.#peer?.peer.problem;
  }

  /** Why the connection that is to follow the present one is refused. */
  get renewalProblem(): Outage | undefined {
    return this.#peer?.peer.renewalProblem;
  }

  /** The VSP has said where the peer listens. */
  connect(address: string): void {
    if (this.#closed || this.#peer?.address === address) return;
    if (this.#peer) {
      this.#peer.peer.close();
      this.#reconciler.disconnect();
    }
    const { end, nodeName, logger, heartbeatMs, graceMs, isKnownDpu } = this.#options;
    const peer = new Peer({
      address,
      end,
      senderId: nodeName,
      listener: this,
      logger,
      intervalMs: heartbeatMs,
      graceMs,
      isExpected: isKnownDpu,
    });
    this.#peer = { peer, address };
  }

  async peerConnected(calls: BridgePortCalls, knowsOwners: boolean): Promise<void> {
    await this.#reconciler.connect(new PeerTarget(calls, knowsOwners));
    this.#options.logger.info('bridge ports agree with the DPU side');
  }

  peerInterrupted(): void {
    this.#reconciler.disconnect();
  }

  peerChanged(): void {
    // One that is to go still answers for what it has.
    const outage = this.#peer?.peer.outage;
    if (outage) this.#reconciler.rejectAll(new DpuError('UNAVAILABLE', outage.message));
    this.#options.onChange();
  }

  /** Which ports at the peer nobody needs may be known otherwise now. */
  recordsChanged(): void {
    this.#reconciler.reconcile();
  }

  /**
   * The attachment that needs the port is on disk.
   *
   * @throws DpuError UNAVAILABLE while the peer is out of reach
   */
  async createBridgePort(port: BridgePort): Promise<void> {
    if (!this.#peer) throw new DpuError('UNAVAILABLE', 'its VSP has not said yet where the DPU side listens');
    const { outage } = this;
    if (outage) throw new DpuError('UNAVAILABLE', outage.message);
    await this.#reconciler.ensure(bridgePortKey(port.name), { patient: true, deadlineMs: patienceMs });
  }

  /** A peer that is out of reach deletes the port when it is back. */
  async deleteBridgePort(name: string): Promise<void> {
    this.#items.order(name);
    try {
      await this.#reconciler.ensure(bridgePortKey(name));
      this.#items.orderDone(name);
    } catch (error) {
      if (!outcomeUnknown(error)) throw error;
      await this.#items.remember(name);
    }
  }

  /** Records of deletions that cannot be read. */
  unreadable(): readonly UnreadableRecord[] {
    return this.#items.unreadable();
  }

  /**
   * Waits until the peer has heard of every deletion: once this host is gone for good, the rest would stay there.
   *
   * @returns ids of ports that it may still have
   */
  async deletionsHeard(deadlineMs: number): Promise<string[]> {
    const end = performance.now() + deadlineMs;
    // Once more where the peer was given up meanwhile, and once where it refused.
    for (let attempt = 0; attempt < 3 && performance.now() < end; attempt += 1) {
      const options = { patient: true, deadlineMs: end - performance.now() };
      await Promise.allSettled(this.#items.owed().map((id) => this.#reconciler.ensure(bridgePortKey(id), options)));
    }
    return this.#items.owed();
  }

  close(): void {
    this.#closed = true;
    this.#peer?.peer.close();
    this.#reconciler.close();
    this.#items.close();
  }
}
