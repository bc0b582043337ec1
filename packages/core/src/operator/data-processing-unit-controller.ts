import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import type { ConditionInput } from '../api/conditions.ts';
import { type DataProcessingUnit, dataProcessingUnit, dpuConditions } from '../api/data-processing-unit.ts';
import { annotations, fieldManagers, finalizers } from '../api/names.ts';
import {
  applyConditions,
  Controller,
  controllerName,
  type EventRecorder,
  isBeingDeleted,
  isConflict,
  type KubeStore,
  keyOf,
  node,
  type Pod,
  pod,
  type Requeue,
  removeFinalizer,
} from '../kube/index.ts';
import type { InstalledPlugin } from '../plugins/installed.ts';
import type { Caches } from './caches.ts';
import { type Choice, chooseSettings } from './dpu-settings.ts';
import type { Environment } from './environment.ts';
import { pluginOf } from './plugin-of.ts';
import { tokens } from './tokens.ts';
import { renderVspPod, vspPodName } from './vsp-pod.ts';
import { hasEnded, vspPodCondition } from './vsp-pod-status.ts';

const apply = { fieldManager: fieldManagers.operator };

/** Milliseconds between VSP pods of a DPU that end as soon as they are made, as where the kubelet refuses them. */
const replaceEveryMs = 10_000;

/** Gives every DataProcessingUnit its VSP pod, with the settings that its config asks for. */
@injectable()
export class DataProcessingUnitController {
  readonly controller: Controller;
  readonly #store: KubeStore;
  readonly #caches: Caches;
  readonly #environment: Environment;
  readonly #events: EventRecorder;
  readonly #plugins: InstalledPlugin[];

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.environment) environment: Environment,
    @inject(tokens.events) events: EventRecorder,
    @inject(tokens.plugins) plugins: InstalledPlugin[],
    @inject(tokens.logger) logger: Logger,
  ) {
    this.#store = store;
    this.#caches = caches;
    this.#environment = environment;
    this.#events = events;
    this.#plugins = plugins;
    this.controller = new Controller({ name: 'data-processing-unit', logger, reconcile: (key) => this.reconcile(key) });
    const enqueueAll = (which: (dpu: DataProcessingUnit) => boolean = () => true) => {
      for (const dpu of caches.dpus.list().filter(which)) this.controller.enqueue(keyOf(dpu));
    };
    caches.dpus.onChange((dpu) => this.controller.enqueue(keyOf(dpu)));
    caches.dpuConfigs.onChange(() => enqueueAll());
    caches.nodes.onChange(({ metadata }, _, kind) => {
      if (kind === 'deleted') enqueueAll((dpu) => dpu.spec.nodeName === metadata.name);
    });
    caches.vspPods.onChange((pod) => {
      const name = controllerName(pod, dataProcessingUnit.kind);
      if (name) this.controller.enqueue(name);
    });
  }

  async reconcile(key: string): Promise<Requeue | undefined> {
    const dpu = this.#caches.dpus.getByKey(key);
    if (!dpu) return undefined;
    const plugin = pluginOf(dpu, this.#plugins);
    if (await this.#nodeIsGone(dpu)) await this.#release(dpu);
    else if (!plugin) await this.#report(dpu, [unknownPlugin(dpu)]);
    else return await this.#serve(dpu, plugin);
    return undefined;
  }

  async #serve(dpu: DataProcessingUnit, plugin: InstalledPlugin): Promise<Requeue | undefined> {
    const choice = chooseSettings(dpu, this.#caches.dpuConfigs.list(), plugin.manifest.settings);
    await this.#record(dpu, choice);
    // A DPU that is being deleted keeps its pod: the daemon tears the DPU down with the plugin's help.
    const outcome = choice.settings ? await this.#ensurePod(dpu, plugin, choice.settings) : { condition: noSettings };
    await this.#report(dpu, [outcome.condition, configured(choice)]);
    return outcome.requeue;
  }

  async #nodeIsGone(dpu: DataProcessingUnit): Promise<boolean> {
    const { nodeName } = dpu.spec;
    return !this.#caches.nodes.get(nodeName) && (await this.#store.get(node, nodeName)) === undefined;
  }

  /** There is no daemon any more that could tear the DPU down. */
  async #release(dpu: DataProcessingUnit): Promise<void> {
    const { name, uid } = dpu.metadata;
    if (isBeingDeleted(dpu)) await removeFinalizer(this.#store, dataProcessingUnit, dpu, finalizers.daemon);
    else await this.#store.delete(dataProcessingUnit, name, undefined, { uid });
  }

  /** The VF count is the daemon's to set on the card; the settings are remembered for when newer ones are wrong. */
  async #record(dpu: DataProcessingUnit, { settings, numVfs }: Choice): Promise<void> {
    const text = settings && JSON.stringify(settings);
    if (dpu.spec.numVfs === numVfs && dpu.metadata.annotations?.[annotations.settings] === text) return;
    const { name, uid } = dpu.metadata;
    const patch = {
      apiVersion: dpu.apiVersion,
      kind: dpu.kind,
      // Without the uid the apply would bring back a DPU that was deleted meanwhile.
      metadata: { name, uid, annotations: text === undefined ? {} : { [annotations.settings]: text } },
      spec: numVfs === undefined ? {} : { numVfs },
    };
    await this.#store.apply(dataProcessingUnit, patch, apply);
  }

  async #ensurePod(
    dpu: DataProcessingUnit,
    plugin: InstalledPlugin,
    settings: object,
  ): Promise<{ condition: ConditionInput; requeue?: Requeue }> {
    const { namespace } = this.#environment;
    const existing = this.#caches.vspPods.get(vspPodName(dpu.metadata.name), namespace);
    const wanted = renderVspPod(dpu, plugin, settings, this.#environment);
    if (!existing) {
      try {
        return { condition: vspPodCondition(await this.#store.create(pod, wanted)) };
      } catch (error) {
        // The cache has not seen it yet; its event brings this DPU here again.
        if (isConflict(error)) return { condition: vspPodCondition(undefined) };
        throw error;
      }
    }
    const condition = vspPodCondition(existing);
    if (isBeingDeleted(existing)) return { condition };
    if (!isOutdated(existing, dpu, wanted.metadata.annotations)) {
      if (!hasEnded(existing)) return { condition };
      const requeueAfterMs = replaceEveryMs - ageMs(existing);
      if (requeueAfterMs > 0) return { condition, requeue: { requeueAfterMs } };
    }
    const { name, uid } = existing.metadata;
    await this.#store.delete(pod, name, namespace, { uid });
    const going = { ...existing, metadata: { ...existing.metadata, deletionTimestamp: 'now' } };
    return { condition: vspPodCondition(going) };
  }

  async #report(dpu: DataProcessingUnit, conditions: ConditionInput[]): Promise<void> {
    const changed = await applyConditions(this.#store, dataProcessingUnit, dpu, conditions, apply);
    for (const { type, status, reason, message } of changed) {
      // That a pod starts is no warning; that it fails to is told by its own reasons.
      const ordinary = status === 'True' || ['Creating', 'Starting', 'Replacing'].includes(reason);
      await this.#events.event(dpu, { type: ordinary ? 'Normal' : 'Warning', reason, message, action: type });
    }
  }
}

function isOutdated(existing: Pod, dpu: DataProcessingUnit, wanted: unknown): boolean {
  const had = existing.metadata.annotations?.[annotations.specHash];
  const want = (wanted as Record<string, string>)[annotations.specHash];
  const owned = existing.metadata.ownerReferences?.some(({ uid }) => uid === dpu.metadata.uid);
  return had !== want || !owned;
}

/** By the API server's clock and this one; never negative, so that clocks apart hold nothing up for long. */
function ageMs({ metadata }: Pod): number {
  return Math.max(0, Date.now() - Date.parse(metadata.creationTimestamp ?? ''));
}

function unknownPlugin(dpu: DataProcessingUnit): ConditionInput {
  const name = dpu.metadata.annotations?.[annotations.plugin] ?? `for product ${dpu.spec.dpuProductName}`;
  const message = `the operator has no plugin ${name}; use an operator and daemon of the same version`;
  return { type: dpuConditions.vspPod, status: 'False', reason: 'UnknownPlugin', message };
}

const noSettings: ConditionInput = {
  type: dpuConditions.vspPod,
  status: 'False',
  reason: 'NoSettings',
  message: 'the plugin cannot start without settings; the condition Configured says what to give it',
};

function configured({ config, problem }: Choice): ConditionInput {
  const type = dpuConditions.configured;
  const name = config && keyOf(config);
  if (problem) {
    const message = name
      ? `DataProcessingUnitConfig ${name}: ${problem}; the DPU keeps its settings`
      : `no DataProcessingUnitConfig selects it, but the plugin needs one: ${problem}`;
    return { type, status: 'False', reason: name ? 'SettingsInvalid' : 'SettingsMissing', message };
  }
  if (name) return { type, status: 'True', reason: 'Configured', message: `by DataProcessingUnitConfig ${name}` };
  return { type, status: 'True', reason: 'Defaults', message: 'no DataProcessingUnitConfig selects it' };
}
