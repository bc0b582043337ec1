/**
 * Tells a VSP that its replay is complete: what its card has beside what it was told may go. That is said only where all
 * that is wished is held, and everything on disk can be read: absence is no order.
 */
import { DpuError } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import { backoffDelay } from '../../retry-backoff.ts';
import type { VspCalls } from './vsp-target.ts';

const backoff = { initialMs: 500, maxMs: 30_000 };

export interface ReplayEndOptions {
  /** Whether there are records that cannot be read: what is in them may be on the card. */
  isUnreadable: () => boolean;
  logger: Logger;
}

type Vsp = Pick<VspCalls, 'completeReplay'>;

export class ReplayEnd {
  readonly #options: ReplayEndOptions;
  /** Is to be told. */
  #vsp: Vsp | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ReplayEndOptions) {
    this.#options = options;
  }

  /** It was told everything, and has taken it. */
  replayed(vsp: Vsp): void {
    this.#vsp = vsp;
    void this.#complete(vsp, 1);
  }

  /** Other records than before can be read. */
  recordsChanged(): void {
    if (this.#vsp) this.replayed(this.#vsp);
  }

  /** The VSP is lost: the next is told anew. */
  cancel(): void {
    this.#vsp = undefined;
    clearTimeout(this.#timer);
  }

  async #complete(vsp: Vsp, times: number): Promise<void> {
    const { isUnreadable, logger } = this.#options;
    clearTimeout(this.#timer);
    if (isUnreadable()) return;
    try {
      const isTold = await vsp.completeReplay();
      if (this.#vsp !== vsp) return;
      this.#vsp = undefined;
      logger.debug({ isTold }, 'the replay to the VSP is complete');
    } catch (thrown) {
      if (this.#vsp !== vsp) return;
      const err = DpuError.from(thrown);
      logger.warn({ err }, 'the VSP did not take that its replay is complete; it is told again');
      this.#timer = setTimeout(() => void this.#complete(vsp, times + 1), backoffDelay(times, backoff));
      this.#timer.unref();
    }
  }
}
