/**
 * Asks somebody at intervals whether he works. One call at a time, each with a deadline, so that a silent partition or
 * a process that hangs is found as soon as a broken connection is understood.
 *
 * By a call of the contract, not by HTTP/2 pings: those end in the server's transport and say nothing of its data path,
 * and a Go gRPC server ends the connection of a client that sends them more often than every five minutes without data
 * (`too_many_pings`, the keepalive enforcement of grpc-go).
 */
import { DpuError } from '@dpu-operator/sdk';

export interface HeartbeatOptions {
  /** Rejects where the answer is bad, or none. @param deadlineMs within which it is to come */
  ping: (deadlineMs: number) => Promise<void>;
  onFailure: (error: DpuError) => void;
  /** Milliseconds between heartbeats while all is well. */
  intervalMs: number;
  /** Milliseconds for an answer. Default: the interval, and less while it does not work. */
  deadlineMs?: number;
}

/** With an answer awaited for as long, a partition is found in 4 s. */
export const defaultIntervalMs = 2_000;
/** Milliseconds between attempts while it does not work. */
const retryMs = 500;
/**
 * Milliseconds for an answer meanwhile: who dials anew after each is back within 1 s, where TCP would repeat its SYN
 * after one second, then two. One that is slow is given its time in every fourth attempt.
 */
const retryDeadlineMs = 700;
const patientEvery = 4;
/** Milliseconds that such an attempt waits at least. A busy machine needs more than 700 ms for a new connection. */
const patientMs = defaultIntervalMs;

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #timer: NodeJS.Timeout | undefined;
  #failures = patientEvery;
  #beating = false;
  #again = false;
  #closed = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Asks at once; right after the answer where one is awaited already. */
  beat(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    if (this.#beating) this.#again = true;
    else void this.#beat();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #deadlineMs(): number {
    const { deadlineMs, intervalMs } = this.#options;
    if (deadlineMs !== undefined) return deadlineMs;
    return this.#failures % patientEvery === 0 ? Math.max(intervalMs, patientMs) : retryDeadlineMs;
  }

  async #beat(): Promise<void> {
    this.#beating = true;
    this.#again = false;
    const { intervalMs } = this.#options;
    let delayMs = intervalMs;
    try {
      await this.#options.ping(this.#deadlineMs());
      this.#failures = 0;
    } catch (thrown) {
      const error = DpuError.from(thrown);
      this.#failures += 1;
      // One that was waited for has taken its time already.
      delayMs = error.code === 'DEADLINE_EXCEEDED' ? 0 : Math.min(retryMs, intervalMs);
      if (!this.#closed) this.#options.onFailure(error);
    }
    this.#beating = false;
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.beat(), this.#again ? 0 : delayMs).unref();
  }
}
