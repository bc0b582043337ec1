/** Addresses of the nodes that settings name: a watch of each of these few, since all nodes are watched by their metadata alone. */
import type { Logger } from 'pino';
import type { z } from 'zod';
import { objectName } from '../../api/fields/meta.ts';
import { addressedNode, Informer, type KubeStore } from '../../kube/index.ts';

type AddressedNode = z.infer<typeof addressedNode.schema>;

interface NodeWatch {
  informer: Informer<AddressedNode>;
  stop: AbortController;
  /** Resolves with the first list, and when the watch ends. */
  listed: Promise<void>;
}

export class NodeAddresses {
  readonly #store: KubeStore;
  readonly #logger: Logger;
  readonly #watches = new Map<string, NodeWatch>();
  readonly #listeners = new Set<(name: string) => void>();

  constructor(store: KubeStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** The first InternalIP of a node; undefined where it has none, there is no such node, or nobody has named it to {@link watch}. */
  of(name: string): string | undefined {
    return internalIp(this.#watches.get(name)?.informer.get(name));
  }

  /** Calls back with the name of a node that comes, goes, or gets another address. */
  onChange(listener: (name: string) => void): void {
    this.#listeners.add(listener);
  }

  /** Watches the nodes of these names, and no others any more. What is no name would select something else. @param signal ends all of it */
  watch(names: readonly string[], signal: AbortSignal): void {
    const wanted = new Set(names.filter((name) => objectName.test(name)));
    for (const [name, { stop }] of this.#watches) {
      if (wanted.has(name)) continue;
      this.#watches.delete(name);
      stop.abort();
    }
    for (const name of wanted) {
      if (!this.#watches.has(name)) this.#watches.set(name, this.#open(name, signal));
    }
  }

  /** Waits until it is known of all that are watched whether they are there. */
  async listed(): Promise<void> {
    await Promise.all([...this.#watches.values()].map(({ listed }) => listed));
  }

  #open(name: string, signal: AbortSignal): NodeWatch {
    const stop = new AbortController();
    const fieldSelector = `metadata.name=${name}`;
    const informer = new Informer(this.#store, addressedNode, { logger: this.#logger, fieldSelector });
    informer.onChange((node, previous, kind) => {
      if (kind === 'updated' && internalIp(node) === internalIp(previous)) return;
      for (const listener of this.#listeners) listener(name);
    });
    const listed = informer.start(AbortSignal.any([signal, stop.signal])).catch((error) => {
      this.#logger.debug({ err: error, node: name }, 'stopped before it was listed');
    });
    return { informer, stop, listed };
  }
}

function internalIp(node: AddressedNode | undefined): string | undefined {
  return node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
}
