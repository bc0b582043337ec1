/**
 * The host side's end of the channel to the daemon on the DPU: a connection, its heartbeat, and whether the peer is
 * within reach.
 */
import { DpuError } from '@dpu-operator/sdk';
import { VspClient } from '@dpu-operator/sdk/client';
import type { Logger } from 'pino';
import type { Outage } from './availability.ts';
import { AvailabilityTracker } from './availability-tracker.ts';
import { Heartbeat } from './heartbeat.ts';
import { ownerHeader } from './owner.ts';

export interface PeerListener {
  /**
   * The peer answers and works. The peer counts as within reach when this has resolved.
   *
   * @param knowsOwners whether it keeps this host's ports apart from others'
   */
  peerConnected(client: VspClient, knowsOwners: boolean): Promise<void>;
  /** It does not any more; it may be back within the grace period. */
  peerInterrupted(): void;
  /** {@link Peer.outage} is another than before. */
  peerChanged(): void;
}

export interface PeerOptions {
  /** Where the peer listens, as gRPC takes it. */
  address: string;
  /** Who this host is. */
  owner: string;
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

/** Longer than a VSP takes for a bridge port, shorter than the kubelet waits for a sandbox. */
const callDeadlineMs = 10_000;

export class Peer {
  readonly #options: PeerOptions;
  readonly #availability: AvailabilityTracker;
  readonly #heartbeat: Heartbeat;
  #client: VspClient;
  /** The listener knows of this client. */
  #connected: VspClient | undefined;
  #wasConnected = false;
  #closed = false;

  constructor(options: PeerOptions) {
    const { graceMs, listener, intervalMs, isExpected } = options;
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
    this.#client = this.#dial();
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

  close(): void {
    this.#closed = true;
    this.#heartbeat.close();
    this.#availability.close();
    this.#client.close();
  }

  #dial(): VspClient {
    const { address, owner, logger } = this.#options;
    const client = new VspClient({
      address,
      logger,
      deadlineMs: callDeadlineMs,
      metadata: { [ownerHeader]: owner },
    });
    client.onConnectivity((connected) => {
      if (client !== this.#client) return;
      if (connected) this.#heartbeat.beat();
      else this.#failed(new DpuError('UNAVAILABLE', 'the connection broke'));
    });
    return client;
  }

  async #ping(deadlineMs: number): Promise<void> {
    const { owner, senderId } = this.#options;
    const client = this.#client;
    let answeredTo: string | undefined;
    const { healthy } = await client.ping(senderId, {
      deadlineMs,
      onMetadata: (metadata) => {
        answeredTo = metadata[ownerHeader];
      },
    });
    if (this.#closed || client !== this.#client) return;
    if (!healthy) throw new DpuError('FAILED_PRECONDITION', 'its DPU does not work');
    if (this.#connected === client) return;
    this.#connected = client;
    void this.#connect(client, answeredTo === owner);
  }

  /** Beside the heartbeat, which finds the peer dead also while much is to be done. */
  async #connect(client: VspClient, knowsOwners: boolean): Promise<void> {
    try {
      await this.#options.listener.peerConnected(client, knowsOwners);
      if (this.#connected === client) this.#worked();
    } catch (error) {
      if (this.#connected === client) this.#failed(DpuError.from(error));
    }
  }

  #worked(): void {
    // To those who watch, an interruption within the grace period is none: that the peer is known now would be lost.
    const isNews = !this.#wasConnected && this.#availability.state.phase === 'interrupted';
    this.#wasConnected = true;
    this.#availability.worked();
    if (isNews) this.#options.listener.peerChanged();
  }

  #failed(error: DpuError): void {
    if (this.#closed) return;
    if (this.#connected) {
      this.#connected = undefined;
      this.#options.listener.peerInterrupted();
    }
    this.#availability.failed(this.#outageFor(error));
    // Its packets, or those of a connection under way, may go nowhere: TCP would try for minutes.
    if (error.code === 'DEADLINE_EXCEEDED') this.#redial();
  }

  #redial(): void {
    this.#client.close();
    this.#client = this.#dial();
  }

  #outageFor({ code, message }: DpuError): Outage {
    const who = `the DPU side's daemon at ${this.#options.address}`;
    if (code === 'FAILED_PRECONDITION') {
      const what = `${who} answers, but its DPU does not work: look at that side's dpu object`;
      return { reason: 'PeerNotReady', message: what };
    }
    const advice = 'check that the dpu-daemon pod runs there and the network between the nodes';
    return { reason: 'PeerUnreachable', message: `${who} is out of reach (${message}): ${advice}` };
  }
}
