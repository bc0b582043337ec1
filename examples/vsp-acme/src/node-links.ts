/** Keeps the links of the node as they are wanted: after each change of them by whomever, and only then. */
import type { Platform, PluginContext } from '@dpu-operator/sdk';
import { type Link, type LinkChange, type WatchLinksOptions, watchLinks } from '@dpu-operator/sdk/linux';
import { Serial } from './serial.ts';
import { commandsFor, type LinksByName, type Wanted } from './wanted.ts';

export type WatchLinks = (onChange: (change: LinkChange) => void, options: WatchLinksOptions) => void;

export interface NodeLinksOptions {
  platform: Pick<Platform, 'links' | 'clock'>;
  logger: PluginContext<unknown>['logger'];
  /** How the links shall be at present. */
  wanted: () => Wanted;
  /** After each look, with the links as they are then. */
  onLook: (links: LinksByName) => void;
  /** The kernel's notifications, unless told. */
  watch?: WatchLinks;
}

/** Milliseconds: the notifications of one change come in a burst. */
const BURST_MS = 20;
/** Milliseconds after a look that failed. */
const RETRY_MS = 1_000;

export class NodeLinks {
  readonly #options: NodeLinksOptions;
  readonly #stop = new AbortController();
  readonly #serial = new Serial();
  #scheduled = false;
  #changed = Promise.withResolvers<void>();
  #failure: unknown;

  constructor(options: NodeLinksOptions) {
    this.#options = options;
  }

  /** Whether the last look left everything as it is wanted. */
  get settled(): boolean {
    return this.#failure === undefined;
  }

  /** Runs a task while nobody else changes links. */
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    return this.#serial.run(task);
  }

  async list(): Promise<LinksByName> {
    return byName(await this.#options.platform.links.list());
  }

  /**
   * Makes the links as wanted. What vanishes meanwhile is no failure: the news of it are a reason to look again.
   *
   * @throws DpuError of the first command that failed; the others ran all the same.
   */
  async apply(wanted: Wanted, before?: LinksByName): Promise<LinksByName> {
    const links = before ?? (await this.list());
    const commands = commandsFor(wanted, links);
    if (commands.length === 0) return links;
    const { links: after, failures } = await this.#options.platform.links.batchAndList(commands);
    const failure = failures.find(({ error }) => error.code !== 'NOT_FOUND');
    if (failure) throw failure.error;
    return byName(after);
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
    await this.#serial.run(async () => {});
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
    await this.#serial.run(() => this.#look());
  }

  async #look(): Promise<void> {
    const { wanted, onLook, logger } = this.#options;
    try {
      onLook(await this.apply(wanted()));
      this.#failure = undefined;
    } catch (error) {
      logger.error({ err: error }, 'could not put the links right, trying again');
      this.#failure = error;
      void this.#lookIn(RETRY_MS);
    }
  }
}

const byName = (links: readonly Link[]): LinksByName => new Map(links.map((link) => [link.name, link]));
