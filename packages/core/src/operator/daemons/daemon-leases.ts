/** Whether the daemons of nodes still renew their Leases. */
import { EventEmitter } from 'node:events';
import { inject, injectable } from 'tsyringe';
import { daemonLeaseSeconds } from '../../api/names/daemon-lease.ts';
import { type KubeStore, type Lease, lease } from '../../kube/index.ts';
import type { Caches } from '../shared/caches.ts';
import type { Environment } from '../shared/environment.ts';
import { tokens } from '../shared/tokens.ts';
import { type Renewal, SilenceTimers } from './silence-timers.ts';

/** `absent` says nothing of a daemon that may be older than Leases. */
export type DaemonLeaseState = 'absent' | Renewal;

/**
 * Emits `quiet` with the name of a Lease that was not renewed in time or was deleted, `heard` with one that is seen or
 * renewed for the first time, or again.
 */
@injectable()
export class DaemonLeases extends EventEmitter<{ quiet: [leaseName: string]; heard: [leaseName: string] }> {
  readonly #store: KubeStore;
  readonly #caches: Caches;
  readonly #namespace: string;
  readonly #timers: SilenceTimers;
  /** By Lease, of performance.now(). */
  readonly #heardSince = new Map<string, number>();

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.environment) { namespace }: Environment,
  ) {
    super();
    this.#store = store;
    this.#caches = caches;
    this.#namespace = namespace;
    this.#timers = new SilenceTimers((leaseName) => this.#isQuiet(leaseName));
    caches.daemonLeases.onChange((changed, _, kind) => {
      if (kind !== 'deleted') return this.#see(changed);
      this.#timers.forget(changed.metadata.name);
      this.#isQuiet(changed.metadata.name);
    });
  }

  /**
   * For how many milliseconds a daemon is heard without a break: Infinity for one that may be older than Leases.
   *
   * @returns undefined while it is silent, and until this process has heard it once
   */
  heardMs(leaseName: string): number | undefined {
    if (this.seenState(leaseName) === 'absent') return Number.POSITIVE_INFINITY;
    const since = this.#heardSince.get(leaseName);
    return since === undefined ? undefined : performance.now() - since;
  }

  /** By what this process has seen, without asking: good enough where silence destroys nothing. */
  seenState(leaseName: string): DaemonLeaseState {
    const isThere = this.#caches.daemonLeases.get(leaseName, this.#namespace) !== undefined;
    return (isThere && this.#timers.renewalOf(leaseName)) || 'absent';
  }

  /** This process may have been away itself, or its watch: what counts is what the API server says now. */
  async state(leaseName: string): Promise<DaemonLeaseState> {
    const current = await this.#store.get(lease, leaseName, this.#namespace);
    if (!current) return 'absent';
    this.#see(current);
    return this.#timers.renewalOf(leaseName) ?? 'absent';
  }

  #see(current: Lease): void {
    const { name } = current.metadata;
    const before = this.#timers.renewalOf(name);
    this.#timers.see(current, daemonLeaseSeconds);
    const now = this.#timers.renewalOf(name);
    if (now === 'renewed' && before !== 'renewed') this.#heardSince.set(name, performance.now());
    if (now !== 'silent' && now !== before) this.emit('heard', name);
  }

  #isQuiet(leaseName: string): void {
    this.#heardSince.delete(leaseName);
    this.emit('quiet', leaseName);
  }
}
