/**
 * The host side's end of the channel to the daemon on the DPU: a heartbeat, and the bridge ports of this host's pods.
 *
 * Guarantees: this host's attachments are the truth. Whenever the peer comes (back) within reach, its bridge ports are
 * made equal to them: missing ones are created, others deleted. So a deletion that the peer cannot hear of now is no
 * error, and a creation is. A peer that cannot list its ports (the Go operator's daemon) only gets the creations.
 */
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import { KeyedLock } from '../state/keyed-lock.ts';
import { bridgePortId, createOrReplace, ignoreAbsence, sameBridgePort } from './bridge-port-keeper.ts';

/** The peer's services, as the SDK's client offers them. */
export interface PeerClient {
  ping(senderId: string): Promise<{ healthy: boolean; responderId: string }>;
  createBridgePort(port: BridgePort): Promise<BridgePort>;
  deleteBridgePort(name: string, options: { allowMissing: boolean }): Promise<void>;
  listBridgePorts(): Promise<BridgePort[]>;
  onConnectivity(listener: (connected: boolean) => void): () => void;
  close(): void;
}

export type PeerState =
  | { reachable: true }
  /** `message` says what is wrong and what to look at. */
  | { reachable: false; reason: 'PeerUnreachable' | 'PeerNotReady'; message: string };

export interface PeerOptions {
  client: PeerClient;
  /** The peer's address, for messages. */
  address: string;
  senderId: string;
  /** The bridge ports of this DPU's attachments as they are on disk now. */
  wanted: () => BridgePort[];
  onState: (state: PeerState) => void;
  logger: Logger;
  /** Milliseconds between heartbeats. */
  intervalMs: number;
}

/** Heartbeats in a row without an answer until the peer counts as unreachable. */
const tolerated = 3;
/** Milliseconds until an unreachable peer is tried again; doubles up to the heartbeat's interval. */
const firstRetryMs = 200;

export class Peer {
  readonly #options: PeerOptions;
  readonly #lock = new KeyedLock();
  #state: PeerState | undefined;
  #timer: NodeJS.Timeout | undefined;
  #beating = false;
  #closed = false;
  #missed = 0;
  #retryMs = firstRetryMs;
  /** A deletion did not reach the peer, or its state is not known yet. */
  #differs = true;
  /** The last refusal that the log has heard of. */
  #refusal = '';

  constructor(options: PeerOptions) {
    this.#options = options;
    options.client.onConnectivity((connected) => {
      if (connected) this.#beatSoon(0);
      else this.#lost('the connection broke');
    });
    this.#beatSoon(0);
  }

  /** undefined until the first heartbeat has its answer. */
  get state(): PeerState | undefined {
    return this.#state;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#options.client.close();
  }

  /** @throws DpuError UNAVAILABLE while the peer is out of reach */
  async createBridgePort(port: BridgePort): Promise<void> {
    const state = this.#state ?? this.#unreachable('not connected yet');
    if (!state.reachable) throw new DpuError('UNAVAILABLE', state.message);
    await this.#lock.run(bridgePortId(port.name), () => createOrReplace(this.#options.client, port));
  }

  /** An unreachable peer deletes the port when it is back. */
  async deleteBridgePort(name: string): Promise<void> {
    if (!this.#state?.reachable) {
      this.#differs = true;
      return;
    }
    try {
      await this.#lock.run(bridgePortId(name), () =>
        ignoreAbsence(this.#options.client.deleteBridgePort(name, { allowMissing: true })),
      );
    } catch (error) {
      const { code } = DpuError.from(error);
      if (code !== 'UNAVAILABLE' && code !== 'DEADLINE_EXCEEDED') throw error;
      this.#differs = true;
    }
  }

  #beatSoon(delayMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => void this.#beat(), delayMs);
  }

  async #beat(): Promise<void> {
    if (this.#beating || this.#closed) return;
    this.#beating = true;
    try {
      const { healthy } = await this.#options.client.ping(this.#options.senderId);
      this.#missed = 0;
      if (!healthy) this.#enter(this.#notReady());
      else if (!this.#state?.reachable || this.#differs) {
        await this.#reconcile();
        this.#enter({ reachable: true });
      }
    } catch (error) {
      this.#missed += 1;
      const words = DpuError.from(error).message;
      if (!this.#state?.reachable || this.#missed >= tolerated) this.#lost(words);
    } finally {
      this.#beating = false;
    }
    const settled = this.#state?.reachable || this.#retryMs >= this.#options.intervalMs;
    this.#beatSoon(settled ? this.#options.intervalMs : this.#retryMs);
    this.#retryMs = this.#state?.reachable ? firstRetryMs : Math.min(this.#retryMs * 2, this.#options.intervalMs);
  }

  async #reconcile(): Promise<void> {
    this.#differs = false;
    const { client, wanted, logger } = this.#options;
    try {
      const there = await listed(client);
      const find = (id: string) => wanted().find((port) => bridgePortId(port.name) === id);
      const known = new Map(there?.map((port) => [bridgePortId(port.name), port]));
      const ids = new Set([...known.keys(), ...wanted().map((port) => bridgePortId(port.name))]);
      await Promise.all(
        [...ids].map((id) =>
          this.#lock.run(id, async () => {
            const port = find(id);
            const old = known.get(id);
            try {
              if (!port) await ignoreAbsence(client.deleteBridgePort(id, { allowMissing: true }));
              else if (!old || !sameBridgePort(old, port)) await createOrReplace(client, port);
            } catch (error) {
              this.#refused(id, error);
            }
          }),
        ),
      );
      if (ids.size > 0 && !this.#differs)
        logger.info({ ports: wanted().length }, 'bridge ports agree with the DPU side');
    } catch (error) {
      this.#differs = true;
      throw error;
    }
  }

  /** One port that the DPU side does not take must not keep the others from working; the next heartbeat tries again. */
  #refused(id: string, error: unknown): void {
    const { code, message } = DpuError.from(error);
    if (code === 'UNAVAILABLE' || code === 'DEADLINE_EXCEEDED') throw error;
    this.#differs = true;
    if (this.#refusal === message) return;
    this.#refusal = message;
    this.#options.logger.error({ err: error, port: id }, 'the DPU side refuses to change a bridge port');
  }

  #lost(words: string): void {
    this.#enter(this.#unreachable(words));
  }

  #unreachable(words: string): PeerState {
    const what = `the DPU side's daemon at ${this.#options.address} is out of reach (${words})`;
    const advice = 'check that the dpu-daemon pod runs there and the network between the nodes';
    return { reachable: false, reason: 'PeerUnreachable', message: `${what}: ${advice}` };
  }

  #notReady(): PeerState {
    const what = `the DPU side's daemon at ${this.#options.address} answers, but its DPU does not work`;
    return { reachable: false, reason: 'PeerNotReady', message: `${what}: look at that side's dpu object` };
  }

  /** A peer that is out of reach stays so for one reason, or every failed attempt would be news. */
  #enter(state: PeerState): void {
    if (this.#closed) return;
    const kind = (of: PeerState | undefined) => of && (of.reachable ? 'reachable' : of.reason);
    const isNews = kind(this.#state) !== kind(state);
    this.#state = state;
    if (isNews) this.#options.onState(state);
  }
}

/** undefined where the peer cannot list. */
async function listed(client: PeerClient): Promise<BridgePort[] | undefined> {
  try {
    return await client.listBridgePorts();
  } catch (error) {
    if (DpuError.from(error).code === 'UNIMPLEMENTED') return undefined;
    throw error;
  }
}
