import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { dataProcessingUnitConfig } from '../../../api/data-processing-unit-config.ts';
import { fieldManagers } from '../../../api/names.ts';
import {
  applyConditions,
  Controller,
  type EventRecorder,
  type KubeStore,
  keyOf,
  StartingEvents,
} from '../../../kube/index.ts';
import type { Caches } from '../../shared/caches.ts';
import type { Environment } from '../../shared/environment.ts';
import { tokens } from '../../shared/tokens.ts';
import { configVerdict, wrongNamespace } from './config-verdict.ts';

/** Tells every DataProcessingUnitConfig what has become of it; the DPUs' own controller puts it in force. */
@injectable()
export class DataProcessingUnitConfigController {
  readonly controller: Controller;
  readonly #store: KubeStore;
  readonly #caches: Caches;
  readonly #environment: Environment;
  readonly #events: StartingEvents;

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.environment) environment: Environment,
    @inject(tokens.events) events: EventRecorder,
    @inject(tokens.logger) logger: Logger,
  ) {
    this.#store = store;
    this.#caches = caches;
    this.#environment = environment;
    // People apply everything at once: its DPUs are detected a moment later.
    this.#events = new StartingEvents({ events, ordinary: new Set(['NothingSelected']) });
    this.controller = new Controller({
      name: 'data-processing-unit-config',
      logger,
      reconcile: (key) => this.reconcile(key),
    });
    // One config decides what another may do.
    const enqueueAll = () => {
      for (const config of caches.dpuConfigs.list()) this.controller.enqueue(keyOf(config));
    };
    caches.dpuConfigs.onChange(enqueueAll);
    caches.dpus.onChange(enqueueAll);
    caches.vendorPlugins.onChange(enqueueAll);
    caches.onNodeAddress(enqueueAll);
  }

  async reconcile(key: string): Promise<void> {
    const config = this.#caches.dpuConfigs.getByKey(key);
    if (!config) return;
    const { countingConfigs, dpus } = this.#caches;
    const verdict = countingConfigs.includes(config)
      ? configVerdict(config, countingConfigs, dpus.list(), this.#caches)
      : wrongNamespace(this.#environment.namespace);
    const changed = await applyConditions(this.#store, dataProcessingUnitConfig, config, [verdict], {
      fieldManager: fieldManagers.operator,
    });
    for (const { status, reason, message } of changed) {
      const ordinary = status === 'True' || reason === 'RollingOut';
      await this.#events.event(config, { type: ordinary ? 'Normal' : 'Warning', reason, message });
    }
  }
}
