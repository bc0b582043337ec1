/** Keeps the links of the node as planned: after each change of them by whomever, and only then. */
import type { Logger, Platform } from '@dpu-operator/sdk';
import { type Link, type LinkChange, type WatchLinksOptions, watchLinks } from '@dpu-operator/sdk/linux';
import { commandsFor, type LinkPlan, type LinksByName } from './link-plan.ts';

export type WatchLinks = (onChange: (change: LinkChange) => void, options: WatchLinksOptions) => void;

export interface NodeLinksOptions {
  platform: Pick<Platform, 'links' | 'clock'>;
  logger: Logger;
  /** How the links shall be at present. */
  plan: () => LinkPlan;
  /** Called with the links as they are, whenever they are looked at and made as planned. */
  onLook: (links: LinksByName) => void;
  /** Default: the kernel's notifications. */
  watch?: WatchLinks | undefined;
}

/** Milliseconds: the notifications of one change come in a burst. */
const BURST_MS = 20;
/** Milliseconds after a look that failed. */
const RETRY_MS = 1_000;

export class NodeLinks {
  readonly #options: NodeLinksOptions;
  readonly #stop = new AbortController();
  #last: Promise<unknown> = Promise.resolve();
  #scheduled = false;
  #changed = Promise.withResolvers<void>();
  #failure: unknown;

  constructor(options: NodeLinksOptions) {
    this.#options = options;
  }

  /** Whether the last look left everything as planned. */
  get settled(): boolean {
    return this.#failure === undefined;
  }

  /** Runs a task while nobody else changes links, in the order of the calls. */
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }

  async list(): Promise<LinksByName> {
    return byName(await this.#options.platform.links.list());
  }

  /**
   * Makes the links as planned. What vanishes meanwhile is no failure: the news of it are a reason to look again.
   *
   * @param before the links, where somebody has looked already
   * @throws DpuError of the first command that failed; the others ran all the same.
   */
  async apply(plan: LinkPlan, before?: LinksByName): Promise<void> {
    const { platform, onLook } = this.#options;
    const links = before ?? (await this.list());
    const commands = commandsFor(plan, links);
    if (commands.length === 0) return onLook(links);
    const { links: after, failures } = await platform.links.batchAndList(commands);
    const failure = failures.find(({ error }) => error.code !== 'NOT_FOUND');
    if (failure) throw failure.error;
    onLook(byName(after));
  }

  /** Looks on each change until {@link close}. */
  follow(): void {
    const { logger, watch = watchLinks } = this.#options;
    const onChange = () => {
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
      this.#lookIn(BURST_MS);
    };
    const onRestart = (reason: string) => {
      logger.warn({ reason }, 'watching links anew');
      onChange();
    };
    watch(onChange, { signal: this.#stop.signal, onRestart });
  }

  /** Until a link changes, at most so long. */
  async change(milliseconds: number): Promise<void> {
    const stop = new AbortController();
    const timeout = this.#options.platform.clock.sleep(milliseconds, stop.signal).catch(() => {});
    await Promise.race([this.#changed.promise, timeout]);
    stop.abort();
  }

  /** Leaves the links as they are. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#last;
  }

  async #lookIn(milliseconds: number): Promise<void> {
    if (this.#scheduled) return;
    this.#scheduled = true;
    try {
      await this.#options.platform.clock.sleep(milliseconds, this.#stop.signal);
    } catch {
      return;
    }
    this.#scheduled = false;
    await this.exclusive(() => this.#look());
  }

  async #look(): Promise<void> {
    const { plan, logger } = this.#options;
    try {
      await this.apply(plan());
      this.#failure = undefined;
    } catch (error) {
      logger.error({ err: error }, 'could not put the links right, trying again');
      this.#failure = error;
      void this.#lookIn(RETRY_MS);
    }
  }
}

const byName = (links: readonly Link[]): LinksByName => new Map(links.map((link) => [link.name, link]));
