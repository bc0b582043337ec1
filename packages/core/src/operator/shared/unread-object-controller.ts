import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { z } from 'zod';
import { conditionSchema, metadataSchema } from '../../api/fields/meta.ts';
import { dpuConditions } from '../../api/kinds/data-processing-unit.ts';
import { fieldManagers } from '../../api/names/names.ts';
import { firstTen } from '../../first-ten.ts';
import {
  applyConditions,
  Controller,
  type EventRecorder,
  type Informer,
  isNotFound,
  type KubeObject,
  type KubeStore,
  keyOf,
  type ResourceType,
  understand,
} from '../../kube/index.ts';
import type { Caches } from './caches.ts';
import { tokens } from './tokens.ts';

/** What has to be understood to say something of an object. */
const told = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: metadataSchema,
  status: z.object({ conditions: z.array(conditionSchema).optional() }).optional(),
});

type Told = z.infer<typeof told>;

interface Unread {
  type: ResourceType<Told>;
  condition: string;
  object: Told;
  faults: readonly string[];
}

/** Says in a condition of an object that its spec is not understood: no other controller sees such an object. */
@injectable()
export class UnreadObjectController {
  readonly controller: Controller;
  readonly #store: KubeStore;
  readonly #events: EventRecorder;
  readonly #unread = new Map<string, Unread>();

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.events) events: EventRecorder,
    @inject(tokens.logger) logger: Logger,
  ) {
    this.#store = store;
    this.#events = events;
    this.controller = new Controller({ name: 'unread-object', logger, reconcile: (key) => this.#report(key) });
    this.#watch(caches.configs, 'Ready');
    this.#watch(caches.dpus, dpuConditions.configured);
    this.#watch(caches.dpuConfigs, 'Applied');
    this.#watch(caches.vendorPlugins, 'Ready');
    this.#watch(caches.chains, 'Ready');
    this.#watch(caches.dpuNetworks, 'Ready');
  }

  /** @param condition that people look at first */
  #watch<T extends KubeObject>(cache: Informer<T>, condition: string): void {
    const type = { ...cache.type, schema: told };
    const queueKey = (object: Pick<KubeObject, 'metadata'>) => `${cache.type.plural} ${keyOf(object)}`;
    cache.onNotUnderstood((error) => {
      const object = understand(type, error.item);
      if (object instanceof Error) return;
      this.#unread.set(queueKey(object), { type, condition, object, faults: error.faults });
      this.controller.enqueue(queueKey(object));
    });
    cache.onChange((object) => this.#unread.delete(queueKey(object)));
  }

  async #report(key: string): Promise<void> {
    const unread = this.#unread.get(key);
    if (!unread) return;
    const { type, condition, object, faults } = unread;
    const message = `this operator does not understand ${firstTen(faults)}; it is left alone, and what was known of it before holds. Another version or client wrote it: change that, or let a version run that knows it`;
    const said = { type: condition, status: 'False' as const, reason: 'SpecNotUnderstood', message };
    try {
      const changed = await applyConditions(this.#store, type, object, [said], { fieldManager: fieldManagers.faults });
      for (const { reason } of changed) await this.#events.event(object, { type: 'Warning', reason, message });
    } catch (cause) {
      if (!isNotFound(cause)) throw cause;
    }
    if (this.#unread.get(key) === unread) this.#unread.delete(key);
  }
}
