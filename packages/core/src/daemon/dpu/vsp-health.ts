/**
 * Whether a DPU's VSP can be worked with: it has been initialised, answers its heartbeat in time and says that its data
 * path works. A VSP without a heartbeat is as healthy as it is connected.
 */
import { DpuError } from '@dpu-operator/sdk';
import type { VspClient } from '@dpu-operator/sdk/client';
import type { Outage } from '../peer/availability.ts';
import { AvailabilityTracker } from '../peer/availability-tracker.ts';
import { Heartbeat } from '../peer/heartbeat.ts';

export interface VspHealthOptions {
  dpuName: string;
  senderId: string;
  /** Milliseconds between heartbeats. */
  intervalMs: number;
  graceMs: number;
  /** Called when {@link VspHealth.outage} answers something else. */
  onChange: () => void;
}

/** Milliseconds within which a VSP answers, whatever else goes on (LC-7 of the contract). */
const pingDeadlineMs = 5_000;

type PingClient = Pick<VspClient, 'ping'>;

export class VspHealth {
  readonly #options: VspHealthOptions;
  readonly #availability: AvailabilityTracker;
  #client: PingClient | undefined;
  #heartbeat: Heartbeat | undefined;
  #healthy = false;
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
      if (!healthy) throw new DpuError('FAILED_PRECONDITION', 'its VSP says that its data path does not work');
    } catch (error) {
      if (DpuError.from(error).code !== 'UNIMPLEMENTED') throw error;
    }
    if (client === this.#client) this.#works();
  }

  #failed(error: DpuError): void {
    const { dpuName } = this.#options;
    const hangs = error.code === 'DEADLINE_EXCEEDED';
    this.#fails({
      reason: hangs ? 'VspHangs' : 'VspUnhealthy',
      message: `${hangs ? 'its VSP does not answer its heartbeat' : error.message}; look at pod vsp-${dpuName}`,
    });
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
    this.#healthy = false;
  }
}
