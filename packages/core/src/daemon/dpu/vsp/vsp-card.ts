/**
 * What a DPU's VSP says of its card: followed as long as it is connected, also while it does not answer Init. What it said
 * stays said while it is away. A VSP that talks without end is written down now and then only.
 */
import type { CardCondition, CardEvent, CardStatus, DpuError } from '@dpu-operator/sdk';
import type { VspClient } from '@dpu-operator/sdk/client';
import type { Logger } from 'pino';
import type { CardReport } from '../../../api/index.ts';
import { gone, type Presence, there, unknown } from '../../presence.ts';
import { WriteLimit } from '../status/write-limit.ts';

/** What the object says, but for when a condition changed. */
export interface SaidOfCard extends Omit<CardReport, 'conditions'> {
  conditions: readonly CardCondition[];
}

export interface VspCardOptions {
  /** Called when {@link VspCard.said} may answer something else, or {@link VspCard.takeEvents} has something. */
  onChange: () => void;
  /** Called with every word about its health: why it is not healthy, undefined where it does not say so. */
  onUnhealthy: (condition: CardCondition | undefined) => void;
  logger: Logger;
  /** How often what it says of its card is written. Default: 10 at once, then one every 10 s. */
  limit?: WriteLimit;
  /** How many events are written. Default: 10 at once, then one every 60 s. */
  eventLimit?: WriteLimit;
  /** Milliseconds until a watch that broke is tried again. Default: 5,000. */
  retryMs?: number;
}

type Client = Pick<VspClient, 'onConnectivity' | 'watchStatus'>;

/** Events that wait for the object to be there. */
const longestQueue = 16;

export class VspCard {
  readonly #options: VspCardOptions;
  readonly #limit: WriteLimit;
  readonly #eventLimit: WriteLimit;
  #said: Presence<SaidOfCard> = unknown('the VSP has said nothing of its card yet');
  /** What waits for its turn to be {@link said}. */
  #next: SaidOfCard | undefined;
  #turn: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #events: CardEvent[] = [];
  #floodIsTold = false;
  #client: Client | undefined;
  #stop = () => {};
  #closed = false;

  constructor(options: VspCardOptions) {
    this.#options = options;
    this.#limit = options.limit ?? new WriteLimit({ atOnce: 10, intervalMs: 10_000 });
    this.#eventLimit = options.eventLimit ?? new WriteLimit({ atOnce: 10, intervalMs: 60_000 });
  }

  /** Gone where the VSP says nothing of its card, unknown until it has said something. */
  get said(): Presence<SaidOfCard> {
    return this.#said;
  }

  /** Events that have not been taken yet. */
  takeEvents(): CardEvent[] {
    return this.#events.splice(0);
  }

  /** Another client: what it says counts from now on. */
  follow(client: Client): void {
    this.#end();
    this.#client = client;
    client.onConnectivity((connected) => {
      if (client !== this.#client || this.#closed) return;
      if (connected) this.#watch(client);
      else this.#end();
    });
  }

  close(): void {
    this.#closed = true;
    this.#end();
    clearTimeout(this.#turn);
  }

  #watch(client: Client): void {
    this.#end();
    this.#stop = client.watchStatus(
      (status) => this.#take(status),
      (error) => this.#ended(client, error),
    );
  }

  #ended(client: Client, error: DpuError): void {
    if (this.#closed || client !== this.#client) return;
    if (error.code === 'UNIMPLEMENTED') {
      this.#show(undefined);
      this.#options.onUnhealthy(undefined);
      return;
    }
    this.#options.logger.debug({ err: error }, 'the watch of the status of the card ended');
    this.#retry = setTimeout(() => this.#watch(client), this.#options.retryMs ?? 5_000).unref();
  }

  #end(): void {
    this.#stop();
    this.#stop = () => {};
    clearTimeout(this.#retry);
  }

  #take({ events, firmwareVersion, conditions, links }: CardStatus): void {
    this.#options.onUnhealthy(conditions.find(({ type, status }) => type === 'Healthy' && status === 'False'));
    const news = events.filter(() => this.#eventLimit.take() === 0);
    if (news.length < events.length) this.#reportFlood(`${events.length - news.length} of its events are left out`);
    this.#events.push(...news);
    this.#events.splice(0, this.#events.length - longestQueue);
    this.#next = { firmwareVersion, conditions, links };
    this.#showNext();
    if (news.length > 0) this.#options.onChange();
  }

  /** Shows the latest as soon as it is its turn. */
  #showNext(): void {
    if (this.#turn || !this.#next) return;
    const waitMs = this.#limit.take();
    if (waitMs === 0) {
      this.#show(this.#next);
      return;
    }
    this.#reportFlood('its status is brought up to date every 10 s');
    this.#turn = setTimeout(() => {
      this.#turn = undefined;
      this.#showNext();
    }, waitMs).unref();
  }

  #show(said: SaidOfCard | undefined): void {
    this.#next = undefined;
    this.#said = said ? there(said) : gone;
    this.#options.onChange();
  }

  /** Once: an event of each would be the next flood. */
  #reportFlood(consequence: string): void {
    if (this.#floodIsTold) return;
    this.#floodIsTold = true;
    const message = `the plugin says more of its card than is written down: ${consequence}. Report it to its maker`;
    this.#events.push({ type: 'Warning', reason: 'PluginTalksTooMuch', message });
    this.#options.logger.warn(message);
    this.#options.onChange();
  }
}
