import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { type ConditionInput, findCondition } from '../../../api/fields/conditions.ts';
import { type DataProcessingUnit, dpuConditions } from '../../../api/kinds/data-processing-unit.ts';
import {
  type DataProcessingUnitConfig,
  dataProcessingUnitConfig,
} from '../../../api/kinds/data-processing-unit-config.ts';
import { fieldManagers } from '../../../api/names/names.ts';
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
import { outcomeOf } from './config-outcome.ts';
import { ConfigOutcomes } from './config-outcomes.ts';

/** Tells every DataProcessingUnitConfig what has become of it; the DPUs' own controller puts it in force. */
@injectable()
export class DataProcessingUnitConfigController {
  readonly controller: Controller;
  readonly #store: KubeStore;
  readonly #caches: Caches;
  readonly #environment: Environment;
  readonly #events: StartingEvents;
  /** By config, what has become of it, and which DPUs have changed since that was looked at. */
  readonly #known = new Map<string, { outcomes: ConfigOutcomes; changed: Set<string> }>();

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
      const isOther = kind === 'updated' && !isDeepStrictEqual(config.spec, previous?.spec);
      if (kind === 'deleted' || isOther) this.#known.delete(keyOf(config));
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
      this.#lookAnew(caches.dpuConfigs.list());
    });
    caches.onNodeOfDpus((dpus) => this.#enqueueThoseOf(dpus));
    caches.onNodeAddress((configs) => this.#lookAnew(configs));
  }

  #lookAnew(configs: readonly DataProcessingUnitConfig[]): void {
    for (const config of configs) {
      this.#known.delete(keyOf(config));
      this.controller.enqueue(keyOf(config));
    }
  }

  /** A moment later: where all of a fleet changes, each config is looked at a few times only. */
  #enqueueThoseOf(dpus: readonly DataProcessingUnit[]): void {
    for (const dpu of dpus) {
      for (const config of this.#caches.configsFor(dpu)) {
        this.#known.get(keyOf(config))?.changed.add(dpu.metadata.name);
        this.controller.enqueueAfter(keyOf(config), gatherMs);
      }
    }
  }

  /** Of the DPUs that have changed since the last look; of all at the first one. */
  #outcomesOf(config: DataProcessingUnitConfig): ConfigOutcomes {
    const key = keyOf(config);
    const known = this.#known.get(key);
    if (!known) {
      const outcomes = new ConfigOutcomes();
      for (const dpu of this.#caches.selectedBy(config)) {
        outcomes.put(dpu.metadata.name, outcomeOf(dpu, config, this.#caches));
      }
      this.#known.set(key, { outcomes, changed: new Set() });
      return outcomes;
    }
    const { outcomes, changed } = known;
    for (const name of changed) {
      const dpu = this.#caches.dpus.get(name);
      const isSelected = dpu && this.#caches.configsFor(dpu).some((one) => keyOf(one) === key);
      outcomes.put(name, isSelected ? outcomeOf(dpu, config, this.#caches) : undefined);
    }
    changed.clear();
    return outcomes;
  }

  async reconcile(key: string): Promise<void> {
    await this.#caches.addressesListed();
    const config = this.#caches.dpuConfigs.getByKey(key);
    if (!config) return;
    const { namespace } = this.#environment;
    const verdict =
      config.metadata.namespace === namespace ? this.#outcomesOf(config).verdict : wrongNamespace(namespace);
    const changed = await applyConditions(this.#store, dataProcessingUnitConfig, config, [verdict], {
      fieldManager: fieldManagers.operator,
    });
    for (const { status, reason, message } of changed) {
      const ordinary = status === 'True' || reason === 'RollingOut';
      await this.#events.event(config, { type: ordinary ? 'Normal' : 'Warning', reason, message });
    }
  }
}

/** What the condition of a DataProcessingUnitConfig says that does not count. */
function wrongNamespace(namespace: string): ConditionInput {
  const message = `DataProcessingUnitConfigs count in namespace ${namespace} only; make it there, and delete this one`;
  return { type: 'Applied', status: 'False', reason: 'WrongNamespace', message };
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
