/** Changes of the node's links, read from the kernel once for all who listen. */
import { type LinkChange, watchLinks } from '@dpu-operator/sdk/linux';

export interface LinkListener {
  changed(change: LinkChange): void;
  /** Changes were not seen: the listener should look. */
  missed(): void;
}

export class LinkWatch {
  readonly #watch: typeof watchLinks;
  readonly #listeners = new Set<LinkListener>();
  #end: AbortController | undefined;

  /** @param watch for tests */
  constructor(watch = watchLinks) {
    this.#watch = watch;
  }

  /** Tells of every change until the signal aborts. The kernel is listened to while somebody listens here. */
  listen(listener: LinkListener, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#remove(listener), { once: true });
    this.#end ??= this.#start();
  }

  #start(): AbortController {
    const end = new AbortController();
    const changed = (change: LinkChange) => {
      for (const listener of this.#listeners) listener.changed(change);
    };
    const missed = () => {
      for (const listener of this.#listeners) listener.missed();
    };
    this.#watch(changed, { signal: end.signal, onRestart: missed });
    return end;
  }

  #remove(listener: LinkListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#end?.abort();
    this.#end = undefined;
  }
}
