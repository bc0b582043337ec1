/** Whether the daemons of nodes still renew their Leases. */
import { EventEmitter } from 'node:events';
import { inject, injectable } from 'tsyringe';
import { daemonLeaseSeconds } from '../api/daemon-lease.ts';
import { type KubeStore, lease } from '../kube/index.ts';
import type { Caches } from './caches.ts';
import type { Environment } from './environment.ts';
import { SilenceTimers } from './silence-timers.ts';
import { tokens } from './tokens.ts';

/** `absent` says nothing of a daemon that may be older than Leases. */
export type DaemonLeaseState = 'absent' | 'silent' | 'renewed';

/** Emits `quiet` with the name of a Lease that was not renewed in time or was deleted, `heard` with one that is renewed again. */
@injectable()
export class DaemonLeases extends EventEmitter<{ quiet: [leaseName: string]; heard: [leaseName: string] }> {
  readonly #store: KubeStore;
  readonly #caches: Caches;
  readonly #namespace: string;
  readonly #timers: SilenceTimers;

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.environment) { namespace }: Environment,
  ) {
    super();
    this.#store = store;
    this.#caches = caches;
    this.#namespace = namespace;
    this.#timers = new SilenceTimers((leaseName) => this.emit('quiet', leaseName));
    caches.daemonLeases.onChange((changed, _, kind) => {
      const { name } = changed.metadata;
      if (kind !== 'deleted') {
        const wasSilent = kind === 'added' || this.#timers.isSilent(name);
        this.#timers.see(changed, daemonLeaseSeconds);
        if (wasSilent && !this.#timers.isSilent(name)) this.emit('heard', name);
        return;
      }
      this.#timers.forget(name);
      this.emit('quiet', name);
    });
  }

  /** By what this process has seen, without asking: good enough where silence destroys nothing. */
  isHeard(leaseName: string): boolean {
    return this.#caches.daemonLeases.get(leaseName, this.#namespace) !== undefined && !this.#timers.isSilent(leaseName);
  }

  /** This process may have been away itself, or its watch: what counts is what the API server says now. */
  async state(leaseName: string): Promise<DaemonLeaseState> {
    const current = await this.#store.get(lease, leaseName, this.#namespace);
    if (!current) return 'absent';
    this.#timers.see(current, daemonLeaseSeconds);
    return this.#timers.isSilent(leaseName) ? 'silent' : 'renewed';
  }
}
