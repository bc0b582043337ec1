/**
 * The host side's end of the channel to the daemon on the DPU: a connection, its heartbeat, and whether the peer is
 * within reach.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DpuError } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import { backoffDelay } from '../../retry-backoff.ts';
import { parseIdentity } from '../../trust/identity.ts';
import type { BridgePortCalls } from '../datapath/target.ts';
import type { ChannelEnd } from '../trust/channel-end.ts';
import type { Outage } from './availability.ts';
import { AvailabilityTracker } from './availability-tracker.ts';
import { Heartbeat } from './heartbeat.ts';
import { type PeerAnswer, PeerLink } from './peer-link.ts';
import { peerLeaving, peerOutage } from './peer-outage.ts';

export interface PeerListener {
  /**
   * The peer answers and works. The peer counts as within reach when this has resolved.
   *
   * @param calls reach it also over a connection that follows this one without an interruption
   * @param knowsOwners whether it keeps this host's ports apart from others'
   */
  peerConnected(calls: BridgePortCalls, knowsOwners: boolean): Promise<void>;
  /** It does not any more; it may be back within the grace period. */
  peerInterrupted(): void;
  /** {@link Peer.outage}, `leaving`, `hasOneBridge`, `identity`, `problem` or `renewalProblem` has changed. */
  peerChanged(): void;
}

export interface PeerOptions {
  /** Where the peer listens, as gRPC takes it. */
  address: string;
  /** Who this host is, and how it secures the channel. */
  end: Pick<ChannelEnd, 'security' | 'credentials' | 'problem' | 'name' | 'verify' | 'workedWith' | 'on' | 'off'>;
  /** This node, for the peer's logs. */
  senderId: string;
  listener: PeerListener;
  logger: Logger;
  /** Milliseconds between heartbeats. */
  intervalMs: number;
  graceMs: number;
  /** An earlier daemon of this host worked with it: that it is not there at once is no outage yet. */
  isExpected: boolean;
}

/** Between attempts to prove a connection that is to follow the present one, and milliseconds for its answer. */
const proofRetry = { initialMs: 1_000, maxMs: 60_000 };
const proofDeadlineMs = 5_000;

export class Peer {
  readonly #options: PeerOptions;
  readonly #availability: AvailabilityTracker;
  readonly #heartbeat: Heartbeat;
  readonly #onEndChange = () => this.#endChanged();
  readonly #calls: BridgePortCalls = {
    createBridgePort: async (port) => this.#present().client.createBridgePort(port),
    deleteBridgePort: async (name, options) => this.#present().client.deleteBridgePort(name, options),
    listBridgePorts: async () => this.#present().client.listBridgePorts(),
  };
  #link: PeerLink | undefined;
  /** To follow the present one, once it has proven to work. */
  #next: PeerLink | undefined;
  #renewalProblem: Outage | undefined;
  /** The listener knows of this one. */
  #connected: PeerLink | undefined;
  /** And has told this one everything. */
  #replayed: PeerLink | undefined;
  #wasConnected = false;
  #isLeaving = false;
  #hasOneBridge: boolean | undefined;
  #closed = false;

  constructor(options: PeerOptions) {
    const { graceMs, listener, intervalMs, isExpected, end } = options;
    this.#options = options;
    const outage = this.#outageFor(new DpuError('UNAVAILABLE', 'not connected yet'));
    this.#availability = new AvailabilityTracker({
      initial: isExpected ? { phase: 'interrupted', outage } : { phase: 'starting' },
      graceMs,
      onNews: () => listener.peerChanged(),
    });
    this.#heartbeat = new Heartbeat({
      ping: (deadlineMs) => this.#ping(deadlineMs),
      onFailure: (error) => this.#failed(error),
      intervalMs,
    });
    end.on('change', this.#onEndChange);
    this.#heartbeat.beat();
  }

  /** Whether it was heard of since the start, or not for too long: until then nothing is said of it. */
  get isKnown(): boolean {
    return this.#wasConnected || this.outage !== undefined;
  }

  /** Why it is out of reach; undefined while it is not, or not for longer than the grace period. */
  get outage(): Outage | undefined {
    return this.#availability.outage;
  }

  /** Why it takes no new pods although it is within reach. */
  get leaving(): Outage | undefined {
    return this.#isLeaving ? peerLeaving(this.#options.address) : undefined;
  }

  /** Whether it keeps no networks apart, as it said last; undefined until it has answered. */
  get hasOneBridge(): boolean | undefined {
    return this.#hasOneBridge;
  }

  /** SPIFFE ID of the DPU that answers, or did last. */
  get identity(): string | undefined {
    return this.#link?.tls?.peer;
  }

  /** Why one of the two ends refuses the other; without a grace period. */
  get problem(): Outage | undefined {
    return this.#link?.tls?.problem;
  }

  /** Why one of the two ends refuses the connection that is to follow the present one. */
  get renewalProblem(): Outage | undefined {
    return this.#renewalProblem;
  }

  close(): void {
    this.#closed = true;
    this.#options.end.off('change', this.#onEndChange);
    this.#heartbeat.close();
    this.#availability.close();
    this.#next?.close();
    this.#link?.close();
  }

  #present(): PeerLink {
    if (this.#link) return this.#link;
    throw new DpuError('UNAVAILABLE', "the DPU side's daemon is out of reach");
  }

  /** @throws DpuError UNAVAILABLE while this end has no certificate */
  #dial(): PeerLink {
    const { address, end, logger, listener } = this.#options;
    const link = new PeerLink({
      address,
      end,
      onProblem: () => {
        if (link === this.#link) listener.peerChanged();
      },
      onAging: () => {
        if (link === this.#link && !this.#next) void this.#renew();
      },
      logger,
    });
    link.client.onConnectivity((connected) => {
      if (link !== this.#link) return;
      if (connected) this.#heartbeat.beat();
      else this.#failed(new DpuError('UNAVAILABLE', 'the connection broke'));
    });
    return link;
  }

  async #ping(deadlineMs: number): Promise<void> {
    this.#link ??= this.#dial();
    const link = this.#link;
    const answer = await link.ping(this.#options.senderId, deadlineMs);
    if (this.#closed || link !== this.#link) return;
    if (!answer.healthy) throw new DpuError('FAILED_PRECONDITION', 'its DPU does not work');
    this.#answered(answer);
    if (this.#connected === link) {
      // As long as it answers while it is told everything, that is no outage, however much there is to tell.
      if (this.#replayed !== link) this.#availability.recovering();
      return;
    }
    this.#connected = link;
    if (link.tls) this.#options.listener.peerChanged();
    void this.#connect(link, answer.knowsOwners);
  }

  #answered({ isLeaving, hasOneBridge }: PeerAnswer): void {
    const { end, listener } = this.#options;
    const peer = parseIdentity(this.#link?.tls?.peer ?? '');
    if (peer) end.workedWith(peer);
    const former = this.#hasOneBridge;
    this.#hasOneBridge = hasOneBridge;
    // With its first answer it is within reach, which is told by itself.
    if (isLeaving === this.#isLeaving && hasOneBridge === (former ?? hasOneBridge)) return;
    this.#isLeaving = isLeaving;
    listener.peerChanged();
  }

  /** Beside the heartbeat, which finds the peer dead also while much is to be done. */
  async #connect(link: PeerLink, knowsOwners: boolean): Promise<void> {
    try {
      await this.#options.listener.peerConnected(this.#calls, knowsOwners);
      if (this.#connected) this.#worked();
    } catch (error) {
      if (this.#connected === link) this.#failed(DpuError.from(error));
    }
  }

  #worked(): void {
    // To those who watch, an interruption within the grace period is none: that the peer is known now would be lost.
    const isNews = !this.#wasConnected && this.#availability.state.phase === 'interrupted';
    this.#wasConnected = true;
    this.#replayed = this.#connected;
    this.#availability.worked();
    if (isNews) this.#options.listener.peerChanged();
  }

  #failed(error: DpuError): void {
    if (this.#closed) return;
    if (this.#connected) {
      this.#connected = undefined;
      this.#replayed = undefined;
      this.#options.listener.peerInterrupted();
    }
    this.#availability.failed(this.#outageFor(error));
    // Its packets, or those of a connection under way, may go nowhere: TCP would try for minutes.
    if (error.code === 'DEADLINE_EXCEEDED') this.#redial();
  }

  #redial(): void {
    this.#dropNext();
    this.#link?.close();
    this.#link = undefined;
  }

  #endChanged(): void {
    const { end, listener } = this.#options;
    const link = this.#link;
    if (!link) this.#heartbeat.beat();
    else if (link.security !== end.security || (end.name !== undefined && link.name !== end.name)) {
      this.#startOver('the channel is secured otherwise now');
    } else if (link.tls?.verify() === false) {
      listener.peerChanged();
      this.#startOver('the DPU side is not accepted any more');
    } else if (end.credentials && link.credentials !== end.credentials && this.#next?.credentials !== end.credentials) {
      void this.#renew();
    }
    // What this end says of itself is part of what is told of the channel.
    listener.peerChanged();
  }

  #startOver(why: string): void {
    this.#failed(new DpuError('UNAVAILABLE', why));
    this.#redial();
    this.#heartbeat.beat();
  }

  /** Calls go over the present connection until one with the certificates of now has proven to work. */
  async #renew(): Promise<void> {
    this.#dropNext();
    // Without a certificate there is nothing to try; another one is the beginning of another renewal.
    for (let failures = 1; !this.#closed && this.#options.end.name !== undefined; failures += 1) {
      const next = this.#dial();
      this.#next = next;
      const proven = await next.ping(this.#options.senderId, proofDeadlineMs).catch(() => undefined);
      if (this.#next !== next || this.#closed) return;
      if (proven?.healthy) {
        this.#moveTo(next);
        return;
      }
      // Closed, as gRPC would try again by itself, and more often.
      next.close();
      const refusal = next.tls?.lastRefusal;
      this.#setRenewalProblem(refusal && renewalRefused(this.#link, refusal));
      await sleep(backoffDelay(failures, proofRetry), undefined, { ref: false });
      if (this.#next !== next) return;
    }
  }

  #dropNext(): void {
    this.#next?.close();
    this.#next = undefined;
    this.#setRenewalProblem(undefined);
  }

  #setRenewalProblem(problem: Outage | undefined): void {
    if (problem?.message === this.#renewalProblem?.message) return;
    this.#renewalProblem = problem;
    if (!this.#closed) this.#options.listener.peerChanged();
  }

  #moveTo(next: PeerLink): void {
    const former = this.#link;
    this.#next = undefined;
    this.#link = next;
    this.#setRenewalProblem(undefined);
    if (this.#connected === former && former) this.#connected = next;
    if (this.#replayed === former && former) this.#replayed = next;
    // Calls under way end over it.
    former?.close();
    this.#heartbeat.beat();
  }

  #outageFor(error: DpuError): Outage {
    const { address, end } = this.#options;
    return this.#link?.tls?.problem ?? (end.name === undefined ? end.problem : undefined) ?? peerOutage(address, error);
  }
}

function renewalRefused(present: PeerLink | undefined, { message }: Outage): Outage {
  const end = present?.credentials ? `, at the latest on ${present.credentials.notAfter.toISOString()}` : '';
  const why = `the connection works until a certificate of it ends${end}, and the one that is to follow it is refused`;
  return { reason: 'RenewalRefused', message: `${why}: ${message}` };
}
