/** Objects of other nodes that have the name of a DPU of this node. */
import type { Logger } from 'pino';
import { type DataProcessingUnit, dataProcessingUnit } from '../../api/index.ts';
import { type EventRecorder, Informer, type KubeStore } from '../../kube/index.ts';

export interface ForeignNamesOptions {
  store: KubeStore;
  events: EventRecorder;
  nodeName: string;
  /** The name may be free now. */
  onFree: (name: string) => void;
  logger: Logger;
}

export class ForeignNames {
  readonly #options: ForeignNamesOptions;
  readonly #watches = new Map<string, AbortController>();

  constructor(options: ForeignNamesOptions) {
    this.#options = options;
  }

  has(name: string): boolean {
    return this.#watches.has(name);
  }

  forget(name: string): void {
    this.#watches.get(name)?.abort();
    this.#watches.delete(name);
  }

  /** Another node has the name: says so, and tells when that object changes. */
  async watch(object: DataProcessingUnit, ends: AbortSignal | undefined): Promise<void> {
    const { store, events, nodeName, onFree, logger } = this.#options;
    const { name } = object.metadata;
    const owner = object.spec.nodeName;
    const message = `nodes ${owner} and ${nodeName} both have a DPU of this name; it is served on ${owner} only`;
    logger.error({ dpu: name, owner }, message);
    await events.event(object, { type: 'Warning', reason: 'NameTaken', message });
    const stop = new AbortController();
    this.#watches.set(name, stop);
    const signal = AbortSignal.any([stop.signal, ...(ends ? [ends] : [])]);
    const informer = new Informer(store, dataProcessingUnit, { fieldSelector: `metadata.name=${name}`, logger });
    await informer.start(signal);
    informer.onChange((changed, _previous, kind) => {
      if (kind === 'deleted' || changed.spec.nodeName !== owner) onFree(name);
    });
  }
}
