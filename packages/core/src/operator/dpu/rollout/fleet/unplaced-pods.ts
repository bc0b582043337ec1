/** Pods that need a DPU and find none since pods were evicted from one: while there are some, no other DPU is drained. */
import type { Logger } from 'pino';
import { z } from 'zod';
import { findCondition } from '../../../../api/fields/conditions.ts';
import { resourceName } from '../../../../api/names/names.ts';
import { Informer, type KubeStore, keyOf, pod } from '../../../../kube/index.ts';
import { gatherMs } from '../../../shared/pace.ts';

/** Milliseconds between looks at what the watch has brought, for what comes of time alone. */
const lookEveryMs = 5_000;
/** Milliseconds without an eviction after which an empty look ends the watch. */
const watchMs = 60_000;
/** Milliseconds after which a pod is taken to wait for something else. */
const giveUpMs = 30 * 60_000;

const quantities = z.object({ requests: z.record(z.string(), z.unknown()).optional() }).optional();
/** A pod with what its containers ask for. */
const askingPod = {
  ...pod,
  schema: pod.schema.extend({ spec: z.object({ containers: z.array(z.object({ resources: quantities })) }) }),
};
type AskingPod = z.infer<typeof askingPod.schema>;

export interface UnplacedPodsOptions {
  store: KubeStore;
  logger: Logger;
  /** Called with `namespace/name` of each after a look. */
  onLook: (pods: readonly string[]) => void;
}

/** Watches only for a while after evictions: a quiet cluster is asked for nothing. */
export class UnplacedPods {
  readonly #options: UnplacedPodsOptions;
  #evictedAt = 0;
  /** Younger pods than this may be those that were evicted, made anew. In milliseconds since 1970. */
  #since = Number.POSITIVE_INFINITY;
  #watch: Disposable | undefined;

  constructor(options: UnplacedPodsOptions) {
    this.#options = options;
  }

  /** To be called when pods are evicted. */
  evicted(): void {
    this.#evictedAt = this.#now();
    this.#since = Math.min(this.#since, this.#evictedAt);
    this.#watch ??= this.#open();
  }

  /** By the clock that says when pods were made. */
  #now(): number {
    return this.#options.store.client.serverNow();
  }

  #open(): Disposable {
    const { store, logger } = this.#options;
    // Those that the scheduler has not placed.
    const fieldSelector = 'spec.nodeName=,status.phase=Pending';
    const informer = new Informer(store, askingPod, { fieldSelector, logger });
    const stop = new AbortController();
    let soon: NodeJS.Timeout | undefined;
    const look = () => {
      soon = undefined;
      // Until then nothing is known, not even that there are none.
      if (informer.hasSynced) this.#look(informer.list());
    };
    const timer = setInterval(look, lookEveryMs).unref();
    informer.onChange(() => {
      soon ??= setTimeout(look, gatherMs).unref();
    });
    informer.start(stop.signal).then(look, () => {});
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer);
        clearTimeout(soon);
        stop.abort();
      },
    };
  }

  #look(pods: readonly AskingPod[]): void {
    const unplaced = pods.filter((one) => this.#isUnplaced(one)).map(keyOf);
    this.#options.onLook(unplaced);
    if (unplaced.length > 0 || this.#now() - this.#evictedAt < watchMs) return;
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    this.#since = Number.POSITIVE_INFINITY;
  }

  #isUnplaced({ metadata, spec, status }: AskingPod): boolean {
    // Creation times are whole seconds, cut off.
    const createdAt = Date.parse(metadata.creationTimestamp ?? '') + 1_000;
    const isYoung = createdAt > this.#since && createdAt + giveUpMs > this.#now();
    const asks = spec.containers.some(({ resources }) => Object.keys(resources?.requests ?? {}).some(isOfDpu));
    const scheduled = findCondition(status?.conditions, 'PodScheduled');
    return isYoung && asks && scheduled?.status === 'False';
  }
}

/** DpuNetworks have resources of their own, whose names begin with that of all DPUs. */
function isOfDpu(name: string): boolean {
  return name.startsWith(resourceName);
}
