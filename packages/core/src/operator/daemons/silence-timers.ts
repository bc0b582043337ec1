/** Which Leases have not changed for as long as they say, by this process's own clock: the clocks of nodes differ. */
import type { Lease } from '../../kube/index.ts';
import { timerMs } from '../../timer.ts';

/** `seen` says that no renewal has come yet: its holder may have died before this process looked. */
export type Renewal = 'seen' | 'renewed' | 'silent';

interface Watched {
  renewTime: string;
  durationMs: number;
  timer: NodeJS.Timeout;
  renewal: Renewal;
}

export class SilenceTimers {
  readonly #watched = new Map<string, Watched>();
  readonly #onSilent: (leaseName: string) => void;

  /** @param onSilent called once for each renewal that no other follows in time */
  constructor(onSilent: (leaseName: string) => void) {
    this.#onSilent = onSilent;
  }

  /** A Lease seen for the first time gets a full period: when it was renewed is not known. */
  see(lease: Lease, defaultSeconds: number): void {
    const { name } = lease.metadata;
    const renewTime = lease.spec.renewTime ?? '';
    const durationMs = (lease.spec.leaseDurationSeconds ?? defaultSeconds) * 1000;
    const before = this.#watched.get(name);
    if (before?.renewTime === renewTime && before.durationMs === durationMs) return;
    clearTimeout(before?.timer);
    const timer = setTimeout(() => {
      watched.renewal = 'silent';
      this.#onSilent(name);
    }, timerMs(durationMs));
    timer.unref();
    const isRenewed = before !== undefined && before.renewTime !== renewTime;
    const watched: Watched = { renewTime, durationMs, timer, renewal: isRenewed ? 'renewed' : 'seen' };
    this.#watched.set(name, watched);
  }

  forget(leaseName: string): void {
    clearTimeout(this.#watched.get(leaseName)?.timer);
    this.#watched.delete(leaseName);
  }

  /** undefined for a Lease that was never seen, or is forgotten. */
  renewalOf(leaseName: string): Renewal | undefined {
    return this.#watched.get(leaseName)?.renewal;
  }
}
