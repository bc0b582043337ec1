/** Pods that need a DPU and find none since pods were evicted from one: while there are some, no other DPU is drained. */
import type { Logger } from 'pino';
import { z } from 'zod';
import { findCondition } from '../../../../api/conditions.ts';
import { resourceName } from '../../../../api/names.ts';
import { type KubeStore, keyOf, pod } from '../../../../kube/index.ts';

/** Milliseconds from an eviction, or a look, to the next look. */
const lookEveryMs = 5_000;
/** Milliseconds without an eviction after which an empty look is the last. */
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
  store: Pick<KubeStore, 'list'>;
  logger: Logger;
  /** Called with `namespace/name` of each after a look. */
  onLook: (pods: readonly string[]) => void;
}

/** Looks only for a while after evictions: a quiet cluster is asked for nothing. */
export class UnplacedPods {
  readonly #options: UnplacedPodsOptions;
  #evictedAt = 0;
  /** Younger pods than this may be those that were evicted, made anew. In milliseconds since 1970. */
  #since = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: UnplacedPodsOptions) {
    this.#options = options;
  }

  /** To be called when pods are evicted. */
  evicted(): void {
    this.#evictedAt = Date.now();
    this.#since = Math.min(this.#since, this.#evictedAt);
    this.#timer ??= setTimeout(() => void this.#look(), lookEveryMs).unref();
  }

  async #look(): Promise<void> {
    const { logger, onLook } = this.#options;
    let isOver = false;
    try {
      const pods = await this.#find();
      onLook(pods);
      isOver = pods.length === 0 && Date.now() - this.#evictedAt >= watchMs;
    } catch (error) {
      logger.warn({ err: error }, 'pods that find no DPU could not be looked for');
    }
    this.#timer = isOver ? undefined : setTimeout(() => void this.#look(), lookEveryMs).unref();
    if (isOver) this.#since = Number.POSITIVE_INFINITY;
  }

  async #find(): Promise<string[]> {
    const fieldSelector = 'spec.nodeName=,status.phase=Pending';
    const { items } = await this.#options.store.list(askingPod, { fieldSelector }, () => {});
    return items.filter((one) => this.#isUnplaced(one)).map(keyOf);
  }

  #isUnplaced({ metadata, spec, status }: AskingPod): boolean {
    // Creation times are whole seconds, cut off.
    const createdAt = Date.parse(metadata.creationTimestamp ?? '') + 1_000;
    const isYoung = createdAt > this.#since && createdAt + giveUpMs > Date.now();
    const asks = spec.containers.some(({ resources }) => Object.keys(resources?.requests ?? {}).some(isOfDpu));
    const scheduled = findCondition(status?.conditions, 'PodScheduled');
    return isYoung && asks && scheduled?.status === 'False';
  }
}

/** DpuNetworks have resources of their own, whose names begin with that of all DPUs. */
function isOfDpu(name: string): boolean {
  return name.startsWith(resourceName);
}
