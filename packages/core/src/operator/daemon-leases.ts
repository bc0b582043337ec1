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

/** Emits `quiet` with the name of a Lease that was not renewed in time or was deleted. */
@injectable()
export class DaemonLeases extends EventEmitter<{ quiet: [leaseName: string] }> {
  readonly #store: KubeStore;
  readonly #namespace: string;
  readonly #timers: SilenceTimers;

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.environment) { namespace }: Environment,
  ) {
    super();
    this.#store = store;
    this.#namespace = namespace;
    this.#timers = new SilenceTimers((leaseName) => this.emit('quiet', leaseName));
    caches.daemonLeases.onChange((changed, _, kind) => {
      const { name } = changed.metadata;
      if (kind !== 'deleted') return this.#timers.see(changed, daemonLeaseSeconds);
      this.#timers.forget(name);
      this.emit('quiet', name);
    });
  }

  /** This process may have been away itself, or its watch: what counts is what the API server says now. */
  async state(leaseName: string): Promise<DaemonLeaseState> {
    const current = await this.#store.get(lease, leaseName, this.#namespace);
    if (!current) return 'absent';
    this.#timers.see(current, daemonLeaseSeconds);
    return this.#timers.isSilent(leaseName) ? 'silent' : 'renewed';
  }
}
