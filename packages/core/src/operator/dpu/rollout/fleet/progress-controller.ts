import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { type ConditionInput, findCondition } from '../../../../api/fields/conditions.ts';
import type { Condition } from '../../../../api/fields/meta.ts';
import { dpuConditions } from '../../../../api/kinds/data-processing-unit.ts';
import { dataProcessingUnitConfig } from '../../../../api/kinds/data-processing-unit-config.ts';
import { vendorPlugin } from '../../../../api/kinds/vendor-plugin.ts';
import { fieldManagers } from '../../../../api/names/names.ts';
import {
  applyConditions,
  Controller,
  type EventRecorder,
  type KubeObject,
  type KubeStore,
  keyOf,
  type Requeue,
  type ResourceType,
} from '../../../../kube/index.ts';
import type { Caches } from '../../../shared/caches.ts';
import { writeEveryMsForEach } from '../../../shared/pace.ts';
import { tokens } from '../../../shared/tokens.ts';
import { allDpus, ofConfig, ofPlugin, type ReportedScope } from './fleet.ts';
import { alarming, noDpus, rolledOut } from './progress.ts';
import type { Turns } from './turns.ts';

/** Milliseconds between two writes of one object's condition, at least. */
const writeEveryMs = 5_000;
/** Milliseconds until it is looked again whether all DPUs are known. */
const lookAgainMs = 1_000;

type Conditioned = KubeObject & { status?: { conditions?: Condition[] | undefined } | undefined };

/** Tells VendorPlugins and DataProcessingUnitConfigs how far what they ask for has come. Its keys are scopes. */
@injectable()
export class ProgressController {
  readonly controller: Controller;
  readonly #store: KubeStore;
  readonly #caches: Caches;
  readonly #events: EventRecorder;
  readonly #turns: Turns;
  /** By scope, of performance.now(). */
  readonly #writtenAt = new Map<string, number>();

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.events) events: EventRecorder,
    @inject(tokens.logger) logger: Logger,
    @inject(tokens.turns) turns: Turns,
  ) {
    this.#store = store;
    this.#caches = caches;
    this.#events = events;
    this.#turns = turns;
    this.controller = new Controller({
      name: 'rollout-progress',
      logger,
      reconcile: (scope) => this.reconcile(scope as ReportedScope),
    });
    turns.on('progress', (scope) => this.controller.enqueue(scope));
    // That it has another generation or version; its conditions are others' to write, and this one's own.
    caches.vendorPlugins.onChange((plugin, previous) => {
      const facts = [plugin, previous].map((one) => `${one?.metadata.generation} ${one?.status?.version}`);
      if (facts[0] !== facts[1]) this.controller.enqueue(ofPlugin(plugin.metadata.name));
    });
    caches.dpuConfigs.onChange((config, previous) => {
      if (config.metadata.generation !== previous?.metadata.generation)
        this.controller.enqueue(ofConfig(keyOf(config)));
    });
  }

  async reconcile(scope: ReportedScope): Promise<Requeue | undefined> {
    if (this.#turns.fleet.hasUnknown) return { requeueAfterMs: lookAgainMs };
    const every = Math.max(writeEveryMs, this.#turns.fleet.count(allDpus) * writeEveryMsForEach);
    const waitMs = (this.#writtenAt.get(scope) ?? Number.NEGATIVE_INFINITY) + every - performance.now();
    if (waitMs > 0) return { requeueAfterMs: waitMs };
    const [kind = '', ...rest] = scope.split(' ');
    const key = rest.join(' ');
    if (kind === 'plugin') await this.#reportPlugin(scope, key);
    if (kind === 'config') await this.#reportConfig(scope, key);
    return undefined;
  }

  async #reportPlugin(scope: ReportedScope, name: string): Promise<void> {
    const plugin = this.#caches.vendorPlugins.get(name);
    // A plugin that ships with the operator has no object.
    if (!plugin) return this.#forget(scope);
    const version = plugin.status?.version ?? plugin.spec.image ?? plugin.spec.version;
    await this.#report(scope, vendorPlugin, plugin, this.#progress(scope, `${name} ${version}`));
  }

  async #reportConfig(scope: ReportedScope, key: string): Promise<void> {
    const config = this.#caches.dpuConfigs.getByKey(key);
    if (!config) return this.#forget(scope);
    if (!this.#caches.countingConfigs.includes(config)) return;
    const progress = this.#progress(scope, 'what it asks for');
    // Of one that never had a DPU its condition Applied says so, and that is enough: there may be hundreds.
    if (progress.reason === noDpus && !findCondition(config.status?.conditions, progress.type)) return;
    await this.#report(scope, dataProcessingUnitConfig, config, progress);
  }

  #forget(scope: ReportedScope): void {
    this.#writtenAt.delete(scope);
  }

  #progress(scope: ReportedScope, what: string): ConditionInput {
    const { dpus } = this.#caches;
    const messageOf = (name: string) =>
      findCondition(dpus.get(name)?.status?.conditions, dpuConditions.configured)?.message;
    return rolledOut(scope, what, this.#turns.fleet, messageOf);
  }

  async #report<T extends Conditioned>(
    scope: ReportedScope,
    type: ResourceType<T>,
    object: T,
    progress: ConditionInput,
  ): Promise<void> {
    const before = findCondition(object.status?.conditions, progress.type);
    const isSame = before?.reason === progress.reason && before.message === progress.message;
    if (isSame && before.observedGeneration === object.metadata.generation) return;
    this.#writtenAt.set(scope, performance.now());
    const changed = await applyConditions(this.#store, type, object, [progress], {
      fieldManager: fieldManagers.rollout,
    });
    for (const { reason, message } of changed) {
      const level = alarming.has(reason) ? 'Warning' : 'Normal';
      await this.#events.event(object, { type: level, reason, message, action: 'Rollout' });
    }
  }
}
