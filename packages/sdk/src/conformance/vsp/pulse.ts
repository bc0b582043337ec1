/** Pings a VSP all the time that it is checked: what keeps it from answering is seen, whatever causes it. */
import { setTimeout } from 'node:timers/promises';
import { Connection } from '../../client/connection.ts';
import { DpuError } from '../../errors.ts';
import { heartbeatService } from '../../wire/grpc/definitions.ts';
import { defaultLimits } from '../options.ts';
import { connectedWithin } from './connected-within.ts';

/** What the contract gives a Ping (LC-7), of the 30 s that it gives any other call. */
const pingMs = 5_000;
const pauseMs = 250;

export class Pulse {
  readonly #socketPath: string;
  #connection: Connection;
  readonly #pingMs: number;
  readonly #stopping = new AbortController();
  #late: string | undefined;
  #lastCheck = 'its start';

  /** @param timeoutMs What any call may take: on a machine on which that is longer, a Ping may take longer as well. */
  constructor(socketPath: string, timeoutMs: number) {
    this.#pingMs = pingMs * Math.max(1, timeoutMs / defaultLimits.timeoutMs);
    this.#socketPath = socketPath;
    this.#connection = new Connection({ socketPath });
    void this.#beat();
  }

  /** For a VSP that was started anew. */
  reconnect(): void {
    this.#connection.close();
    this.#connection = new Connection({ socketPath: this.#socketPath });
  }

  /** Until then a Ping fails at once, also where the VSP does not answer: it would tell nothing. Waits no longer than a Ping. */
  async connected(): Promise<void> {
    await connectedWithin(this.#connection, this.#pingMs);
  }

  /** Names what runs, for the report. */
  during(check: string): void {
    this.#lastCheck = check;
  }

  /** The Ping that took longer than it may, told once. */
  takeLate(): string | undefined {
    const late = this.#late;
    this.#late = undefined;
    return late;
  }

  stop(): void {
    this.#stopping.abort();
    this.#connection.close();
  }

  async #beat(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const begun = performance.now();
      const check = this.#lastCheck;
      const heldUp = ownDelay(signal);
      const code = await this.#ping();
      // What the suite itself was held up is not the VSP's.
      const durationMs = performance.now() - begun - heldUp();
      // Before Init it is refused, and that is an answer as well.
      if (code === 'UNIMPLEMENTED' || signal.aborted) return;
      if (code !== 'UNAVAILABLE' && durationMs > this.#pingMs) {
        this.#late ??= `while ${check} ran, Ping took ${seconds(durationMs)}, and may take ${seconds(this.#pingMs)}`;
      }
      await setTimeout(pauseMs, undefined, { signal }).catch(() => {});
    }
  }

  async #ping(): Promise<string | undefined> {
    const request = { timestamp: String(BigInt(Date.now()) * 1_000_000n), senderId: 'conformance' };
    try {
      await this.#connection.call(heartbeatService.Ping, request, 4 * this.#pingMs);
      return undefined;
    } catch (error) {
      return DpuError.from(error).code;
    }
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}

const tickMs = 100;

/** Measures how long the suite itself was held up at most; the answer ends the measurement. */
function ownDelay(signal: AbortSignal): () => number {
  let last = performance.now();
  let longest = 0;
  const tick = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last - tickMs);
    last = now;
    if (signal.aborted) clearInterval(timer);
  };
  const timer = setInterval(tick, tickMs);
  return () => {
    tick();
    clearInterval(timer);
    return longest;
  };
}
