import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { findCondition } from '../../api/fields/conditions.ts';
import {
  type VendorPlugin,
  type VendorPluginRelease,
  type VendorPluginStatus,
  vendorPlugin,
} from '../../api/kinds/vendor-plugin.ts';
import { fieldManagers } from '../../api/names/names.ts';
import {
  Controller,
  controllerName,
  type EventRecorder,
  isBeingDeleted,
  type KubeStore,
  type Requeue,
} from '../../kube/index.ts';
import type { ReadImage } from '../../plugins/image/read-image.ts';
import type { LookUp } from '../../plugins/lookup/lookup.ts';
import type { Caches } from '../shared/caches.ts';
import type { Environment } from '../shared/environment.ts';
import { tokens } from '../shared/tokens.ts';
import { LookupAttempts } from './lookup-attempts.ts';
import { PluginLocks } from './plugin-locks.ts';
import { ReleaseFinder } from './release-finder.ts';
import { planLookups, questionOf, wantedVersions } from './vendor-plugin-plan.ts';
import { nextStatus, type Outcome, ownConditions, usableManifest } from './vendor-plugin-status.ts';

/** Finds the versions of vendors' plugins that are asked for, and says in their status what running them takes. */
@injectable()
export class VendorPluginController {
  readonly controller: Controller;
  readonly #store: KubeStore;
  readonly #caches: Caches;
  readonly #events: EventRecorder;
  readonly #attempts = new LookupAttempts();
  readonly #locks: PluginLocks;
  readonly #finder: ReleaseFinder;
  /** By VendorPlugin: what ends the lookups that go on. */
  readonly #looking = new Map<string, AbortController>();

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.environment) environment: Environment,
    @inject(tokens.events) events: EventRecorder,
    @inject(tokens.lookUp) lookUp: LookUp,
    @inject(tokens.readImage) readImage: ReadImage,
    @inject(tokens.logger) logger: Logger,
  ) {
    this.#store = store;
    this.#caches = caches;
    this.#events = events;
    this.#locks = new PluginLocks(store, caches, environment.namespace);
    this.#finder = new ReleaseFinder({
      store,
      caches,
      environment,
      lookUp,
      readImage,
      locks: this.#locks,
      attempts: this.#attempts,
      logger,
    });
    this.controller = new Controller({
      name: 'vendor-plugin',
      logger,
      reconcile: (key) => this.reconcile(key),
      // Most of them wait for their registry, which is what lookups are limited by.
      concurrency: 1_000,
    });
    caches.vendorPlugins.onChange((plugin, previous, kind) => {
      const { name } = plugin.metadata;
      if (kind === 'deleted' || !previous || !asksTheSame(plugin, previous)) this.#looking.get(name)?.abort();
      this.controller.enqueue(name);
    });
    caches.dpuConfigs.onChange((config, previous) => {
      for (const name of new Set([config.spec.plugin?.name, previous?.spec.plugin?.name])) {
        if (name) this.controller.enqueue(name);
      }
    });
    caches.configs.onChange((config, previous) => {
      if (isDeepStrictEqual(config.spec.plugins, previous?.spec.plugins)) return;
      for (const { metadata } of caches.vendorPlugins.list()) {
        this.#looking.get(metadata.name)?.abort();
        this.controller.enqueue(metadata.name);
      }
    });
    caches.pluginLocks.onChange((lock, _, kind) => {
      const owner = controllerName(lock, vendorPlugin.kind);
      if (owner && kind === 'deleted') this.controller.enqueue(owner);
    });
  }

  async reconcile(key: string): Promise<Requeue | undefined> {
    const plugin = this.#caches.vendorPlugins.getByKey(key);
    if (!plugin || isBeingDeleted(plugin)) {
      this.#attempts.forget(key);
      return undefined;
    }
    const { due } = this.#plan(plugin, wantedVersions(plugin, this.#caches.countingConfigs));
    const plugins = this.#finder.pluginsSpec;
    const outcomes = await this.#findAll(plugin, due);
    // What the cache has now: others write conditions while a registry takes its time.
    const current = this.#caches.vendorPlugins.getByKey(key);
    // Where it has changed since, it is reconciled again at once.
    if (!outcomes || !current || !asksTheSame(current, plugin)) return undefined;
    const wanted = wantedVersions(current, this.#caches.countingConfigs);
    const status = nextStatus(current, wanted, outcomes);
    await this.#write(current, status);
    this.#attempts.remember(current, wanted, outcomes, plugins);
    await this.#locks.prune(current, status);
    const { wakeMs } = this.#plan({ ...current, status }, wanted);
    return wakeMs === undefined ? undefined : { requeueAfterMs: wakeMs };
  }

  /** @returns undefined when something else is asked for meanwhile. */
  async #findAll(plugin: VendorPlugin, due: readonly string[]): Promise<Outcome[] | undefined> {
    const { name } = plugin.metadata;
    const looking = new AbortController();
    this.#looking.set(name, looking);
    try {
      const outcomes: Outcome[] = [];
      for (const requested of due) outcomes.push(await this.#finder.find(plugin, requested, looking.signal));
      return outcomes;
    } catch (error) {
      if (looking.signal.aborted) return undefined;
      throw error;
    } finally {
      this.#looking.delete(name);
    }
  }

  #plan(plugin: VendorPlugin, wanted: readonly string[]) {
    const plugins = this.#finder.pluginsSpec;
    // What failed by other settings may be had by these.
    const attempts = new Map(
      [...this.#attempts.of(plugin)].filter(
        ([, { failure }]) => !failure || isDeepStrictEqual(failure.plugins, plugins),
      ),
    );
    const hasLock = ({ lock }: VendorPluginRelease) => !lock || this.#locks.has(lock);
    const registry = this.#finder.registryOf(plugin);
    const isOfRegistry = (release: VendorPluginRelease) =>
      !release.package ||
      (release.registry === registry.url && release.credentialsSecret === registry.credentialsSecret);
    const isUsable = (release: VendorPluginRelease) =>
      hasLock(release) && isOfRegistry(release) && usableManifest(release) !== undefined;
    return planLookups(plugin, wanted, attempts, isUsable, performance.now());
  }

  async #write(plugin: VendorPlugin, status: VendorPluginStatus): Promise<void> {
    const conditions = plugin.status?.conditions?.filter(({ type }) => ownConditions.includes(type));
    if (isDeepStrictEqual(status, { ...plugin.status, conditions })) return;
    const { apiVersion, kind, metadata } = plugin;
    const { name, uid, resourceVersion } = metadata;
    // Made of this very state of the object: on a newer one it would put back what has changed since.
    const applied = { apiVersion, kind, metadata: { name, uid, resourceVersion }, status };
    await this.#store.applyStatus(vendorPlugin, applied, { fieldManager: fieldManagers.operator });
    for (const { type, status: value, reason, message } of status.conditions ?? []) {
      const before = findCondition(plugin.status?.conditions, type);
      const isNews = before?.status !== value || before.reason !== reason || status.version !== plugin.status?.version;
      const level = value === 'True' ? 'Normal' : 'Warning';
      if (isNews) await this.#events.event(plugin, { type: level, reason, message, action: type });
    }
  }
}

function asksTheSame(plugin: VendorPlugin, other: VendorPlugin): boolean {
  return plugin.metadata.uid === other.metadata.uid && isDeepStrictEqual(questionOf(plugin), questionOf(other));
}
