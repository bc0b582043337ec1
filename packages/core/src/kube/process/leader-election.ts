import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { backoffDelay } from '../../retry-backoff.ts';
import { isConflict } from '../client/api-error.ts';
import { Informer } from '../control/informer.ts';
import { type Lease, lease } from '../objects/builtins.ts';
import { KubeStore } from '../objects/store.ts';
import { microTime } from '../objects/time.ts';

export interface LeaderElectionOptions {
  store: KubeStore;
  name: string;
  namespace: string;
  /** Unique among the candidates, and the same after a restart in place: the pod's name. */
  identity: string;
  logger: Logger;
  /**
   * Seconds after which a leader that no longer renews is succeeded; it renews four times within, and ends by itself after
   * two thirds. A request has a sixth of it, so that one stuck connection does not cost the lease. Default: 15, which
   * is controller-runtime's; only a lost node takes that long, as a leader that ends orderly gives the lease back at once.
   */
  leaseSeconds?: number;
}

/** One leader among several processes, by a Lease. Followers watch the lease and write nothing. */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  /** For the lease alone. */
  readonly #leases: KubeStore;
  readonly #leaseSeconds: number;
  /** Of performance.now(): until then no other leads. Counted from before a renewal is sent. */
  #leadsUntil = 0;
  /** When this process saw each renewal, by its own clock: the clocks of nodes differ. */
  #seen: { renewal: string; at: number } | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#leaseSeconds = options.leaseSeconds ?? 15;
    this.#leases = new KubeStore(options.store.client.withDeadline((this.#leaseSeconds * 1000) / 6));
  }

  /**
   * Waits for the leadership, runs `lead` while it holds it, and gives it back at the end. From then on the store writes only
   * while no other can lead: a process that was frozen wakes in the middle of what it did.
   *
   * @throws Error when the lease could not be renewed in time, at once and whatever `lead` is doing. The process has to
   * end then: another leads.
   */
  async run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const taken = await this.#acquire(signal);
    const { identity, logger } = this.#options;
    logger.info({ identity }, 'leading');
    this.#options.store.client.guardWrites(() => {
      if (performance.now() > this.#leadsUntil) throw new Error('the lease was not renewed in time: another may lead');
    });
    const over = new AbortController();
    const ended = AbortSignal.any([signal, over.signal]);
    const lost = Promise.withResolvers<never>();
    const renewing = this.#renew(taken, ended).catch((error) => {
      lost.reject(error);
      over.abort(error);
    });
    try {
      await Promise.race([lead(ended), lost.promise]);
    } finally {
      if (!over.signal.aborted) {
        over.abort();
        await renewing;
        await this.#release();
      }
      this.#leases.client.close();
    }
  }

  async #acquire(signal: AbortSignal): Promise<Lease> {
    const { store, namespace, name, logger } = this.#options;
    const stop = new AbortController();
    const informer = new Informer(store, lease, { namespace, fieldSelector: `metadata.name=${name}`, logger });
    let wake = () => {};
    let failures = 0;
    informer.onChange(() => wake());
    await informer.start(AbortSignal.any([signal, stop.signal]));
    try {
      while (true) {
        signal.throwIfAborted();
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const held = informer.get(name, namespace);
        let waitMs = this.#waitFor(held);
        if (waitMs <= 0) {
          const taken = await this.#take(held, failures === 0);
          if (taken) return taken;
          failures++;
          waitMs = backoffDelay(failures, { initialMs: 1000, maxMs: 30_000 });
        }
        const pause = new AbortController();
        const timer = sleep(waitMs, undefined, { signal: AbortSignal.any([signal, pause.signal]) });
        await Promise.race([changed, timer.catch(() => {})]);
        pause.abort();
      }
    } finally {
      stop.abort();
    }
  }

  /** Milliseconds until the lease is free; 0 or less when it is. */
  #waitFor(held: Lease | undefined): number {
    const holder = held?.spec.holderIdentity;
    if (!held || !holder || holder === this.#options.identity) return 0;
    const renewal = `${holder} ${held.spec.renewTime}`;
    if (this.#seen?.renewal !== renewal) this.#seen = { renewal, at: performance.now() };
    return this.#seen.at + (held.spec.leaseDurationSeconds ?? this.#leaseSeconds) * 1000 - performance.now();
  }

  /** @returns undefined when another was faster, or the API server refused. */
  async #take(held: Lease | undefined, tell: boolean): Promise<Lease | undefined> {
    const { name, namespace, identity, logger } = this.#options;
    const now = microTime(new Date());
    const transitions = (held?.spec.leaseTransitions ?? 0) + (held && held.spec.holderIdentity !== identity ? 1 : 0);
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: this.#leaseSeconds,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: transitions,
    };
    try {
      if (!held) {
        const { apiVersion, kind } = lease;
        const made = { apiVersion, kind, metadata: { name, namespace }, spec };
        return await this.#hold(() => this.#leases.create(lease, made));
      }
      const { resourceVersion } = held.metadata;
      return await this.#hold(() =>
        this.#leases.patch(lease, name, namespace, { metadata: { resourceVersion }, spec }),
      );
    } catch (error) {
      if (tell && !isConflict(error)) logger.warn({ err: error }, 'cannot take the lease, trying again');
      return undefined;
    }
  }

  get #renewableMs(): number {
    return this.#leaseSeconds * 1000 * (2 / 3);
  }

  /** @param change made of the lease, by which this process leads */
  async #hold(change: () => Promise<Lease>): Promise<Lease> {
    const sentAt = performance.now();
    const held = await change();
    this.#leadsUntil = sentAt + this.#renewableMs;
    return held;
  }

  /** @throws Error when another holds the lease, or it was not renewed in time: also while a request hangs. */
  async #renew(taken: Lease, signal: AbortSignal): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`the lease could not be renewed within ${this.#renewableMs / 1000} s`)),
      this.#renewableMs,
    );
    try {
      await Promise.race([this.#keep(taken, signal, () => timer.refresh()), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #keep(taken: Lease, signal: AbortSignal, onRenewed: () => void): Promise<void> {
    const { name, namespace, identity, logger } = this.#options;
    let current: Lease | undefined = taken;
    let failing = false;
    while (true) {
      // Seconds to milliseconds: a quarter of the lease, and soon after a failure.
      const pauseMs = this.#leaseSeconds * (failing ? 30 : 250);
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        // One request a renewal; only after a failure has it to be asked who holds the lease.
        if (failing) current = await this.#leases.get(lease, name, namespace);
        if (current?.spec.holderIdentity !== identity) throw new LeaseLost(current?.spec.holderIdentity ?? 'nobody');
        const { resourceVersion } = current.metadata;
        const spec = { renewTime: microTime(new Date()) };
        current = await this.#hold(() =>
          this.#leases.patch(lease, name, namespace, { metadata: { resourceVersion }, spec }),
        );
        onRenewed();
        failing = false;
      } catch (error) {
        if (error instanceof LeaseLost) throw error;
        if (!failing && !isConflict(error)) logger.warn({ err: error }, 'cannot renew the lease, trying again');
        failing = true;
      }
    }
  }

  /** A successor need not wait for the lease to end. */
  async #release(): Promise<void> {
    const { name, namespace, identity, logger } = this.#options;
    try {
      const current = await this.#leases.get(lease, name, namespace);
      if (current?.spec.holderIdentity !== identity) return;
      const { resourceVersion } = current.metadata;
      await this.#leases.patch(lease, name, namespace, { metadata: { resourceVersion }, spec: { holderIdentity: '' } });
    } catch (error) {
      logger.warn({ err: error }, 'the lease was not given back; a successor waits until it ends');
    }
  }
}

class LeaseLost extends Error {
  constructor(holder: string) {
    super(`the lease was lost: ${holder} holds it now`);
  }
}
