/** Looks after devices when something happened to them, and only then. */
import { existsSync, type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../contract/contract.ts';
import { type LinkChange, watchLinks } from '../links/links-watch.ts';
import { podNamespaces } from './pod-links.ts';

/** What a keeper of devices looks at, and how it puts them right. */
export interface KeeperOptions {
  logger: Logger;
  /** Path of the node's network namespace. Default: that of this process. */
  netns?: string | undefined;
  /** Changes that are no reason to look. */
  ignore?: (change: LinkChange) => boolean;
  /** Puts things right; answers what is still open. */
  look: () => Promise<LookResult>;
}

/** What a look found that is to be looked at again. */
export interface LookResult {
  /** Numbers of devices that are not here: they may be in a pod. */
  absent: readonly number[];
  /** Something is under way that ends soon or never. */
  unsettled: boolean;
  /** Something was refused that may succeed another time, and nobody tells when. */
  failing?: boolean;
}

/** Milliseconds: the notifications of one change come in a burst. */
const FIRST_DELAY_MS = 20;
/** The last pause of a series, after some 20 s in all. The kernel needs up to seconds to take a namespace down. */
const LAST_DELAY_MS = 10_000;
/** Between looks for what was refused, at last: each takes some 100 ms of a CPU. */
const FAILING_DELAY_MS = 60_000;

/**
 * Looks on link changes, and when a pod's namespace goes: virtual devices die with it, which the node is not told.
 * The kernel does that some time after the namespace's file is gone, hence several looks with growing pauses, until
 * nothing is open. A look that fails, or tells of a refusal, is repeated until one succeeds.
 */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  /** Whether something happened during a look. */
  #lookAgain = false;
  /** Whether a look is scheduled that a steady flow of events must not put off. */
  #soon = false;
  #netnsGone = false;
  #delayMs = FIRST_DELAY_MS;
  #netnsWatcher: FSWatcher | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  start(): void {
    const { ignore, netns, logger } = this.#options;
    const onChange = (change: LinkChange) => {
      if (!ignore?.(change)) this.poke();
    };
    watchLinks(onChange, {
      signal: this.#abort.signal,
      ...(netns !== undefined && { netns }),
      onRestart: (reason) => {
        logger.warn({ reason }, 'watching links anew');
        this.poke();
      },
    });
    if (!existsSync(podNamespaces)) {
      logger.warn({ directory: podNamespaces }, 'no such directory: devices lost with a pod come back late');
      return;
    }
    this.#netnsWatcher = watch(podNamespaces, (_event, file) => {
      if (file !== null && existsSync(join(podNamespaces, file))) return;
      this.#netnsGone = true;
      this.poke();
    });
    this.#netnsWatcher.on('error', (error) =>
      logger.warn({ err: error }, 'namespaces of pods are not watched any more'),
    );
  }

  /** Something happened: look soon. */
  poke(): void {
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#delayMs = FIRST_DELAY_MS;
    if (!this.#soon) this.#schedule(FIRST_DELAY_MS);
  }

  stop(): void {
    this.#abort.abort();
    this.#netnsWatcher?.close();
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    if (this.#abort.signal.aborted) return;
    this.#soon = delayMs === FIRST_DELAY_MS;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), delayMs);
  }

  async #look(): Promise<void> {
    this.#looking = true;
    this.#soon = false;
    this.#lookAgain = false;
    let open = true;
    let failed = false;
    let refused = false;
    try {
      const { absent, unsettled, failing = false } = await this.#options.look();
      open = unsettled || (this.#netnsGone && absent.length > 0);
      refused = failing;
    } catch (error) {
      failed = true;
      this.#options.logger.error({ err: error }, 'could not put the devices right, trying again');
    }
    this.#looking = false;
    // A look that fails changes links too: they are no reason to be quick.
    if (this.#lookAgain && !failed && !refused) return this.poke();
    if (!open || (!failed && this.#delayMs > LAST_DELAY_MS)) this.#netnsGone = false;
    if (!failed && !refused && !(open && this.#delayMs <= LAST_DELAY_MS)) return;
    this.#schedule(Math.min(this.#delayMs, failed ? LAST_DELAY_MS : FAILING_DELAY_MS));
    this.#delayMs *= 2;
  }
}
