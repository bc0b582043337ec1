import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { findCondition } from '../../../api/conditions.ts';
import { type DataProcessingUnit, dpuConditions } from '../../../api/data-processing-unit.ts';
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
import { gatherMs } from '../../shared/pace.ts';
import { tokens } from '../../shared/tokens.ts';
import { isSameOffer } from '../../vendor-plugins/same-offer.ts';
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
    caches.dpuConfigs.onChange((config, previous, kind) => {
      this.controller.enqueue(keyOf(config));
      if (kind === 'updated' && isDeepStrictEqual(config.spec, previous?.spec)) return;
      // One config decides what another may do.
      const dpus = [config, previous].flatMap((one) => (one ? caches.selectedBy(one) : []));
      this.#enqueueThoseOf(dpus);
    });
    caches.dpus.onChange((dpu, previous, kind) => {
      if (kind !== 'updated' || !isDeepStrictEqual(outcomeFacts(dpu), previous && outcomeFacts(previous))) {
        this.#enqueueThoseOf(previous ? [dpu, previous] : [dpu]);
      }
    });
    caches.vendorPlugins.onChange((plugin, previous, kind) => {
      // How far it has come to the DPUs is written often, and decides nothing here.
      if (kind === 'updated' && previous && isSameOffer(plugin, previous)) return;
      for (const config of caches.dpuConfigs.list()) this.controller.enqueue(keyOf(config));
    });
    caches.onNodeOfDpus((dpus) => this.#enqueueThoseOf(dpus));
    caches.onNodeAddress((configs) => {
      for (const config of configs) this.controller.enqueue(keyOf(config));
    });
  }

  /** A moment later: where all of a fleet changes, each config is looked at a few times only. */
  #enqueueThoseOf(dpus: readonly DataProcessingUnit[]): void {
    const configs = new Set(dpus.flatMap((dpu) => this.#caches.configsFor(dpu)));
    for (const config of configs) this.controller.enqueueAfter(keyOf(config), gatherMs);
  }

  async reconcile(key: string): Promise<void> {
    const config = this.#caches.dpuConfigs.getByKey(key);
    if (!config) return;
    const { namespace } = this.#environment;
    const verdict =
      config.metadata.namespace === namespace
        ? configVerdict(config, this.#caches.selectedBy(config), this.#caches)
        : wrongNamespace(namespace);
    const changed = await applyConditions(this.#store, dataProcessingUnitConfig, config, [verdict], {
      fieldManager: fieldManagers.operator,
    });
    for (const { status, reason, message } of changed) {
      const ordinary = status === 'True' || reason === 'RollingOut';
      await this.#events.event(config, { type: ordinary ? 'Normal' : 'Warning', reason, message });
    }
  }
}

/** All of a DPU that what becomes of a config on it goes by. */
function outcomeFacts({ metadata, spec, status }: DataProcessingUnit) {
  const { phase, message } = status?.rollout ?? {};
  return [
    metadata.labels,
    metadata.annotations,
    metadata.generation,
    spec,
    phase,
    message,
    findCondition(status?.conditions, dpuConditions.vfCount),
  ];
}
