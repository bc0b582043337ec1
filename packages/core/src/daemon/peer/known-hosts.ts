/**
 * When each host was last heard of, and which of those that have ports here are away. In memory: after a start of the
 * daemon all count as just heard of, so that nobody's ports expire early.
 */
import type { Logger } from 'pino';
import { timerMs } from '../../timer.ts';
import type { HostPorts } from '../datapath/host-ports/host-ports.ts';

export interface KnownHostsOptions {
  hostPorts: Pick<HostPorts, 'owners' | 'forgetHost'>;
  /** Called when {@link KnownHosts.away} has changed, or {@link KnownHosts.unheard} is empty now. */
  onChange: () => void;
  logger: Logger;
}

/** Milliseconds of silence after which a host counts as away: heartbeats come every few seconds. */
const awayAfterMs = 60_000;
/** More than one card serves. */
const mostHosts = 1_000;

export class KnownHosts {
  readonly #options: KnownHostsOptions;
  readonly #heardAt = new Map<string, number>();
  /** From when on who is not in `#heardAt` is silent. */
  #forgottenAt = performance.now();
  #away: readonly string[] = [];
  #unheard: readonly string[] = [];
  #expireAfterMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: KnownHostsOptions) {
    this.#options = options;
    this.#look();
  }

  /** A call of this host has come. */
  heard(owner: string): void {
    // Anew, so that the first is who was silent for longest.
    this.#heardAt.delete(owner);
    if (this.#heardAt.size >= mostHosts) this.#forgetOne();
    this.#heardAt.set(owner, performance.now());
    const concerns = [...this.#away, ...this.#unheard].includes(owner);
    if (this.#timer === undefined || concerns) this.#look();
  }

  /** Hosts with ports here that are not heard of any more. */
  away(): readonly string[] {
    return this.#away;
  }

  /** Hosts with ports here of which nothing can be said yet: the daemon has just started. */
  unheard(): readonly string[] {
    return this.#unheard;
  }

  isConnected(owner: string): boolean {
    return this.#heardAt.has(owner) && this.#silence(owner) < awayAfterMs;
  }

  /** Ports of a host that is silent for so long are deleted. @param minutes undefined: never */
  expireAfter(minutes: number | undefined): void {
    const expireAfterMs = minutes === undefined ? undefined : minutes * 60_000;
    if (expireAfterMs === this.#expireAfterMs) return;
    this.#expireAfterMs = expireAfterMs;
    this.#look();
  }

  /** The ports of hosts have changed otherwise than by a call of theirs. */
  portsChanged(): void {
    this.#look();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /**
   * Whoever calls must not fill the memory with names. A host with ports is never forgotten; of those there are no more
   * than records on disk. One that had none yet, and has some when it is looked for, counts as heard of now.
   */
  #forgetOne(): void {
    const withPorts = new Set(this.#options.hostPorts.owners());
    const longestSilent = [...this.#heardAt.keys()].find((owner) => !withPorts.has(owner));
    if (longestSilent === undefined) return;
    this.#heardAt.delete(longestSilent);
    this.#forgottenAt = performance.now();
  }

  #silence(owner: string): number {
    return performance.now() - (this.#heardAt.get(owner) ?? this.#forgottenAt);
  }

  #look(): void {
    if (this.#closed) return;
    const owners = this.#options.hostPorts.owners();
    const limit = this.#expireAfterMs;
    for (const owner of owners) if (limit !== undefined && this.#silence(owner) >= limit) void this.#expire(owner);
    const away = owners.filter((owner) => this.#silence(owner) >= awayAfterMs);
    const unheard = owners.filter((owner) => !this.#heardAt.has(owner) && !away.includes(owner));
    const isKnownNow = unheard.length === 0 && this.#unheard.length > 0;
    const isNews = away.join() !== this.#away.join() || isKnownNow;
    this.#away = away;
    this.#unheard = unheard;
    this.#wakeForNext(owners);
    if (isNews) this.#options.onChange();
  }

  async #expire(owner: string): Promise<void> {
    const { hostPorts, logger } = this.#options;
    try {
      const ports = await hostPorts.forgetHost(owner);
      logger.warn({ owner, ports }, 'a host was not heard of for as long as hostPortsExpireAfterMinutes allows');
      this.#look();
    } catch (error) {
      logger.error({ err: error, owner }, 'the ports of a host that is away are not deleted');
    }
  }

  #wakeForNext(owners: readonly string[]): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const limits = [awayAfterMs, this.#expireAfterMs ?? Number.POSITIVE_INFINITY];
    const waits = owners.flatMap((owner) => limits.map((limit) => limit - this.#silence(owner))).filter((ms) => ms > 0);
    const next = Math.min(...waits);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#look(), timerMs(next + 1)).unref();
  }
}
