/** Which Leases have not changed for as long as they say, by this process's own clock: the clocks of nodes differ. */
import type { Lease } from '../kube/index.ts';

interface Watched {
  renewal: string;
  durationMs: number;
  timer: NodeJS.Timeout;
  silent: boolean;
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
    const renewal = lease.spec.renewTime ?? '';
    const durationMs = (lease.spec.leaseDurationSeconds ?? defaultSeconds) * 1000;
    const before = this.#watched.get(name);
    if (before?.renewal === renewal && before.durationMs === durationMs) return;
    clearTimeout(before?.timer);
    const timer = setTimeout(() => {
      watched.silent = true;
      this.#onSilent(name);
    }, durationMs);
    timer.unref();
    const watched: Watched = { renewal, durationMs, timer, silent: false };
    this.#watched.set(name, watched);
  }

  forget(leaseName: string): void {
    clearTimeout(this.#watched.get(leaseName)?.timer);
    this.#watched.delete(leaseName);
  }

  isSilent(leaseName: string): boolean {
    return this.#watched.get(leaseName)?.silent ?? false;
  }
}
