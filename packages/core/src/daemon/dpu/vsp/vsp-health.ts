/**
 * Whether a DPU's VSP can be worked with: it has been initialised, answers its heartbeat and its calls in time and says
 * that its data path works. A VSP without a heartbeat, as those for the Go operator, is known by its calls alone.
 */
import { type CardCondition, DpuError } from '@dpu-operator/sdk';
import type { VspClient } from '@dpu-operator/sdk/client';
import { outcomeUnknown } from '../../datapath/target.ts';
import type { CallListener } from '../../datapath/vsp-target.ts';
import type { Outage } from '../../peer/availability.ts';
import { AvailabilityTracker } from '../../peer/availability-tracker.ts';
import { Heartbeat } from '../../peer/heartbeat.ts';

export interface VspHealthOptions {
  dpuName: string;
  senderId: string;
  /** Milliseconds between heartbeats. */
  intervalMs: number;
  graceMs: number;
  /** Called when {@link VspHealth.outage} has changed. */
  onChange: () => void;
}

/** Milliseconds within which a VSP answers, whatever else goes on (LC-7 of the contract). */
const pingDeadlineMs = 5_000;
/** Calls in a row without an answer after which a VSP hangs: one may just be slow. */
const unansweredCalls = 3;

type PingClient = Pick<VspClient, 'ping'>;

export class VspHealth implements CallListener {
  readonly #options: VspHealthOptions;
  readonly #availability: AvailabilityTracker;
  #client: PingClient | undefined;
  #heartbeat: Heartbeat | undefined;
  #healthy = false;
  /** Why it says of itself that it is not healthy. */
  #said: CardCondition | undefined;
  /** Calls in a row that had no answer. */
  #unanswered = 0;
  #closed = false;

  constructor(options: VspHealthOptions) {
    this.#options = options;
    const outage = { reason: 'VspNotRunning', message: `its VSP does not run; look at pod vsp-${options.dpuName}` };
    this.#availability = new AvailabilityTracker({
      initial: { phase: 'interrupted', outage },
      graceMs: options.graceMs,
      onNews: options.onChange,
    });
  }

  /** Now, without a grace period. */
  get healthy(): boolean {
    return this.#healthy;
  }

  /** Why it cannot be worked with; undefined while it can, or may within the grace period. */
  get outage(): Outage | undefined {
    return this.#availability.outage;
  }

  /** It has been initialised. */
  ready(client: PingClient): void {
    if (this.#closed || client === this.#client) return;
    this.#stop();
    this.#client = client;
    this.#works();
    const heartbeat = new Heartbeat({
      ping: (deadlineMs) => this.#ping(client, deadlineMs),
      onFailure: (error) => this.#failed(error),
      intervalMs: this.#options.intervalMs,
      deadlineMs: pingDeadlineMs,
    });
    this.#heartbeat = heartbeat;
    heartbeat.beat();
  }

  /** Its heartbeat says nothing of a call that hangs in the vendor's code. */
  callEnded(error: DpuError | undefined): void {
    if (!this.#client) return;
    if (error?.code === 'DEADLINE_EXCEEDED') {
      this.#unanswered += 1;
      if (this.#callsHang) this.#hangs(`its VSP has not answered ${this.#unanswered} calls in a row`);
    } else if (error === undefined || !outcomeUnknown(error)) {
      const hung = this.#callsHang;
      this.#unanswered = 0;
      if (hung) this.#works();
    }
  }

  /** What it says of its own health; undefined where it says nothing against it, and its heartbeat counts. */
  says(unhealthy: CardCondition | undefined): void {
    this.#said = unhealthy;
    if (unhealthy && this.#client && !this.#callsHang) this.#failed(this.#unhealthy());
  }

  lost(outage: Outage): void {
    this.#stop();
    this.#fails(outage);
  }

  close(): void {
    this.#closed = true;
    this.#stop();
    this.#availability.close();
  }

  async #ping(client: PingClient, deadlineMs: number): Promise<void> {
    try {
      const { healthy } = await client.ping(this.#options.senderId, { deadlineMs });
      if (!healthy || this.#said) throw this.#unhealthy();
    } catch (error) {
      if (DpuError.from(error).code !== 'UNIMPLEMENTED') throw error;
      if (this.#said) throw this.#unhealthy();
    }
    if (client === this.#client && !this.#callsHang) this.#works();
  }

  #unhealthy(): DpuError {
    const why = this.#said && ` (${this.#said.reason}): ${this.#said.message}`;
    return new DpuError('FAILED_PRECONDITION', `its VSP says that its data path does not work${why ?? ''}`);
  }

  #failed(error: DpuError): void {
    if (error.code === 'DEADLINE_EXCEEDED') {
      this.#hangs('its VSP does not answer its heartbeat');
      return;
    }
    this.#fails({
      reason: 'VspUnhealthy',
      message: `${error.message}; look at pod vsp-${this.#options.dpuName}`,
    });
  }

  get #callsHang(): boolean {
    return this.#unanswered >= unansweredCalls;
  }

  /** Not every image has a liveness probe that restarts it. */
  #hangs(what: string): void {
    const pod = `pod vsp-${this.#options.dpuName}`;
    this.#fails({ reason: 'VspHangs', message: `${what}; look at ${pod}, and delete it if it does not recover` });
  }

  #works(): void {
    this.#healthy = true;
    this.#availability.worked();
  }

  #fails(outage: Outage): void {
    this.#healthy = false;
    this.#availability.failed(outage);
  }

  #stop(): void {
    this.#heartbeat?.close();
    this.#heartbeat = undefined;
    this.#client = undefined;
    this.#unanswered = 0;
    this.#healthy = false;
  }
}
