/** Follows an {@link Availability} with the clock of its grace period. */
import { type Availability, type AvailabilityEvent, isNews, type Outage, transition } from './availability.ts';

/** Milliseconds that an interruption may last until it counts: a daemon or VSP restarts in a few seconds. */
export const defaultGraceMs = 15_000;

export interface AvailabilityTrackerOptions {
  /** Default: nothing is known. */
  initial?: Availability;
  graceMs: number;
  /** Called when it becomes available, stops being so for longer than the grace period, or for another reason. */
  onNews: () => void;
}

export class AvailabilityTracker {
  readonly #options: AvailabilityTrackerOptions;
  #state: Availability;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: AvailabilityTrackerOptions) {
    this.#options = options;
    this.#state = options.initial ?? { phase: 'starting' };
    this.#followGrace();
  }

  get state(): Availability {
    return this.#state;
  }

  /** Why it cannot be worked with; undefined while it can, or may within the grace period. */
  get outage(): Outage | undefined {
    return this.#state.phase === 'away' ? this.#state.outage : undefined;
  }

  worked(): void {
    this.#take({ is: 'worked' });
  }

  failed(outage: Outage): void {
    this.#take({ is: 'failed', outage });
  }

  /** It is on its way back: the grace period of an interruption begins anew. */
  recovering(): void {
    if (this.#timer) this.#timer.refresh();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #take(event: AvailabilityEvent): void {
    if (this.#closed) return;
    const before = this.#state;
    this.#state = transition(before, event);
    this.#followGrace();
    if (isNews(before, this.#state)) this.#options.onNews();
  }

  #followGrace(): void {
    if (this.#state.phase !== 'interrupted') {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#timer ??= setTimeout(() => this.#take({ is: 'graceOver' }), this.#options.graceMs).unref();
  }
}
