import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { rcompare, satisfies, validRange } from 'semver';
import { inject, injectable } from 'tsyringe';
import { findCondition } from '../../api/conditions.ts';
import { configName, fieldManagers } from '../../api/names.ts';
import {
  type VendorPlugin,
  type VendorPluginRelease,
  type VendorPluginStatus,
  vendorPlugin,
} from '../../api/vendor-plugin.ts';
import {
  Controller,
  configMap,
  controllerName,
  type EventRecorder,
  isBeingDeleted,
  type KubeStore,
  type Requeue,
} from '../../kube/index.ts';
import { mirrored } from '../../plugins/image/mirror.ts';
import type { ReadImage } from '../../plugins/image/read-image.ts';
import { byDigest, parseReference } from '../../plugins/image/reference.ts';
import type { LookUp } from '../../plugins/lookup/lookup.ts';
import { isPassing, LookupError } from '../../plugins/lookup/lookup-error.ts';
import { checkManifest, checkPackageManifest } from '../../plugins/lookup/manifest.ts';
import { isExact } from '../../plugins/lookup/pick-version.ts';
import type { Caches } from '../shared/caches.ts';
import type { Environment } from '../shared/environment.ts';
import { faultCondition } from '../shared/own-faults.ts';
import { tokens } from '../shared/tokens.ts';
import { requireApproval } from './approval.ts';
import { LookupSlots } from './lookup-slots.ts';
import { requirePod } from './overlay-fault.ts';
import { lockName, uselessLocks, writeLock } from './plugin-locks.ts';
import { type PluginRegistry, type PluginsSpec, registryOf, requireSecure } from './plugin-registry.ts';
import { npmCredentials, pullSecrets, type SecretReader } from './plugin-secrets.ts';
import {
  type Attempt,
  isRefreshDue,
  planLookups,
  questionOf,
  restoredAttempts,
  wantedVersions,
} from './vendor-plugin-plan.ts';
import { nextStatus, type Outcome, ownConditions, usableManifest } from './vendor-plugin-status.ts';

/** npm takes 100 MB while it looks. A registry that hangs has one half of it until its time is over. */
const npmLookups = { most: 4, mostOfOne: 2 };
/** These take a few requests. */
const imageLookups = { most: 16, mostOfOne: 4 };

/** Finds the versions of vendors' plugins that are asked for, and says in their status what running them takes. */
@injectable()
export class VendorPluginController {
  readonly controller: Controller;
  readonly #store: KubeStore;
  readonly #caches: Caches;
  readonly #environment: Environment;
  readonly #events: EventRecorder;
  readonly #lookUp: LookUp;
  readonly #readImage: ReadImage;
  readonly #logger: Logger;
  /** By VendorPlugin and version. */
  readonly #attempts = new Map<string, Map<string, Attempt>>();
  /** Locks that were written and that the cache has not seen yet. */
  readonly #written = new Set<string>();
  /** By VendorPlugin: what ends the lookups that go on. */
  readonly #looking = new Map<string, AbortController>();
  readonly #npmSlots = new LookupSlots(npmLookups);
  readonly #imageSlots = new LookupSlots(imageLookups);

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
    this.#environment = environment;
    this.#events = events;
    this.#lookUp = lookUp;
    this.#readImage = readImage;
    this.#logger = logger;
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
      this.#written.delete(lock.metadata.name);
      const owner = controllerName(lock, vendorPlugin.kind);
      if (owner && kind === 'deleted') this.controller.enqueue(owner);
    });
  }

  async reconcile(key: string): Promise<Requeue | undefined> {
    const plugin = this.#caches.vendorPlugins.getByKey(key);
    if (!plugin || isBeingDeleted(plugin)) {
      this.#attempts.delete(key);
      return undefined;
    }
    if (!this.#attempts.has(key)) this.#attempts.set(key, restoredAttempts(plugin, Date.now()));
    const { due } = this.#plan(plugin, wantedVersions(plugin, this.#caches.countingConfigs));
    const plugins = this.#pluginsSpec;
    const outcomes = await this.#findAll(plugin, due);
    // What the cache has now: others write conditions while a registry takes its time.
    const current = this.#caches.vendorPlugins.getByKey(key);
    // Where it is another by now it is reconciled again at once.
    if (!outcomes || !current || !asksTheSame(current, plugin)) return undefined;
    const wanted = wantedVersions(current, this.#caches.countingConfigs);
    const status = nextStatus(current, wanted, outcomes);
    await this.#write(current, status);
    this.#remember(current, wanted, outcomes, plugins);
    await this.#prune(current, status);
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
      for (const requested of due) outcomes.push(await this.#find(plugin, requested, looking.signal));
      return outcomes;
    } catch (error) {
      if (looking.signal.aborted) return undefined;
      throw error;
    } finally {
      this.#looking.delete(name);
    }
  }

  get #pluginsSpec(): PluginsSpec {
    return this.#caches.configs.getByKey(configName)?.spec.plugins;
  }

  #registryOf(plugin: VendorPlugin): PluginRegistry {
    return registryOf(plugin, this.#pluginsSpec, this.#environment.npmRegistry);
  }

  #plan(plugin: VendorPlugin, wanted: readonly string[]) {
    const plugins = this.#pluginsSpec;
    const known = this.#attempts.get(plugin.metadata.name) ?? [];
    // What failed by other settings may be had by these.
    const attempts = new Map(
      [...known].filter(([, { failure }]) => !failure || isDeepStrictEqual(failure.plugins, plugins)),
    );
    const { namespace } = this.#environment;
    const hasLock = ({ lock }: VendorPluginRelease) =>
      !lock || this.#written.has(lock) || this.#caches.pluginLocks.get(lock, namespace) !== undefined;
    const registry = this.#registryOf(plugin);
    const isOfRegistry = (release: VendorPluginRelease) =>
      !release.package ||
      (release.registry === registry.url && release.credentialsSecret === registry.credentialsSecret);
    const isUsable = (release: VendorPluginRelease) =>
      hasLock(release) && isOfRegistry(release) && usableManifest(release) !== undefined;
    return planLookups(plugin, wanted, attempts, isUsable, Date.now());
  }

  async #find(plugin: VendorPlugin, requested: string, signal: AbortSignal): Promise<Outcome> {
    const name = plugin.spec.package ? `${plugin.spec.package}@${requested}` : plugin.spec.image;
    try {
      return { release: await this.#findRelease(plugin, requested, signal) };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof LookupError)) {
        const fault = faultCondition('Ready', error);
        if (!fault) throw error;
        this.#logger.error(
          { err: error, plugin: plugin.metadata.name, requested },
          'a lookup failed by a fault of ours',
        );
        return { failure: { requested, reason: 'LookupFailed', message: `${name}: ${fault.message}` } };
      }
      this.#logger.warn({ plugin: plugin.metadata.name, requested, reason: error.reason }, error.message);
      return { failure: { requested, reason: error.reason, message: `${name}: ${error.message}` } };
    }
  }

  async #findRelease(plugin: VendorPlugin, requested: string, signal: AbortSignal): Promise<VendorPluginRelease> {
    const { package: packageName, image = '', manifest, version } = plugin.spec;
    if (packageName) return await this.#findPackage(plugin, packageName, requested, signal);
    if (requested !== version) {
      throw new LookupError('NoVersions', `an image has no version ${requested}; leave spec.plugin.version out`);
    }
    return manifest ? declared(plugin, requested) : await this.#findImage(plugin, image, requested, signal);
  }

  /** A VSP that is an image, whose manifest stands in its label. */
  async #findImage(
    plugin: VendorPlugin,
    image: string,
    requested: string,
    signal: AbortSignal,
  ): Promise<VendorPluginRelease> {
    const started = performance.now();
    const before = plugin.status?.releases?.find((release) => release.requested === requested);
    const isKept = before?.askedImage === image && !this.#isAskedAnew(plugin, requested);
    const kept = isKept ? before.image : undefined;
    const request = {
      image: mirrored(kept ?? image, this.#caches.imageMirrors),
      secrets: await pullSecrets(this.#secrets, plugin),
      httpRegistries: this.#pluginsSpec?.httpRegistries ?? [],
      signal,
    };
    const { registry } = parseReference(request.image);
    const found = await this.#imageSlots.use(registry, signal, () => this.#readImage(request));
    const { digest, architectures, manifest } = found;
    const { manifest: checked } = checkManifest(manifest);
    requirePod(plugin, checked);
    requireApproval(plugin, digest, checked);
    const seconds = Number(((performance.now() - started) / 1000).toFixed(2));
    this.#logger.info({ plugin: plugin.metadata.name, image, digest, seconds }, 'plugin found');
    const pinned = byDigest(parseReference(image), digest);
    return { requested, version: digest, image: pinned, askedImage: image, architectures, manifest };
  }

  get #secrets(): SecretReader {
    return { store: this.#store, namespace: this.#environment.namespace };
  }

  async #findPackage(
    plugin: VendorPlugin,
    packageName: string,
    requested: string,
    signal: AbortSignal,
  ): Promise<VendorPluginRelease> {
    const { spec, status } = plugin;
    const { namespace, npmDirectory } = this.#environment;
    const registry = this.#registryOf(plugin);
    requireSecure(registry, this.#pluginsSpec);
    const before = status?.releases?.find((release) => release.requested === requested);
    const { version, integrity, lock } = before ?? {};
    const isSame = before?.package === packageName && before.registry === registry.url;
    const isThere = lock !== undefined && this.#caches.pluginLocks.get(lock, namespace) !== undefined;
    const isKept = isSame && !this.#isAskedAnew(plugin, requested, lock !== undefined && !isThere);
    const running = before ? undefined : this.#running(plugin, requested);
    const kept = isKept ? { version, integrity } : running;
    const started = performance.now();
    const request = {
      packageName,
      requested: kept?.version ?? requested,
      registry: registry.url,
      integrity: (requested === spec.version ? spec.integrity : undefined) ?? kept?.integrity,
      credentials: await npmCredentials(this.#secrets, registry),
      // A version stays as it was locked: what it depends on changes with its next one.
      locked: isSame && isThere && version && integrity ? { version, integrity } : undefined,
      npmDirectory,
      signal,
    };
    const { host } = new URL(registry.url);
    const found = await this.#npmSlots.use(host, signal, () => this.#lookUp(request));
    const { manifest } = checkPackageManifest(found.manifest);
    requirePod(plugin, manifest);
    requireApproval(plugin, found.version, manifest);
    const seconds = Number(((performance.now() - started) / 1000).toFixed(2));
    this.#logger.info({ plugin: plugin.metadata.name, requested, version: found.version, seconds }, 'plugin found');
    const image = spec.image ?? found.manifest.image;
    return {
      requested,
      package: packageName,
      version: found.version,
      integrity: found.integrity,
      registry: registry.url,
      ...(registry.credentialsSecret && { credentialsSecret: registry.credentialsSecret }),
      lock: found.lock === undefined ? lock : await this.#writeLock(plugin, found.lock),
      ...(typeof image === 'string' && { image }),
      manifest: found.manifest,
    };
  }

  /** Whether what a range or tag stands for is looked up anew. A lock that was lost, or another field, asks for nothing new. */
  #isAskedAnew(plugin: VendorPlugin, requested: string, isLockLost = false): boolean {
    const { status } = plugin;
    if (status?.lookup?.refresh !== questionOf(plugin).refresh) return true;
    const failure = status?.failures?.find((each) => each.requested === requested);
    if (failure && !(isLockLost && isPassing(failure.reason))) return true;
    const attempt = this.#attempts.get(plugin.metadata.name)?.get(requested);
    return attempt !== undefined && isRefreshDue(plugin, requested, attempt, Date.now());
  }

  /** What DPUs run of a range: a VendorPlugin that was deleted and made again gives them nothing new. */
  #running(plugin: VendorPlugin, requested: string): { version: string; integrity: string | undefined } | undefined {
    if (isExact(requested) || validRange(requested) === null) return undefined;
    const runs = this.#caches.dpus.list().flatMap(({ status }) => status?.plugin ?? []);
    const { url } = this.#registryOf(plugin);
    const own = runs.filter(
      (run) =>
        run.name === plugin.metadata.name &&
        run.package === plugin.spec.package &&
        // Another registry may hold other content of that version.
        (run.registry === undefined || run.registry === url) &&
        satisfies(run.version, requested),
    );
    const [newest] = own.sort((a, b) => rcompare(a.version, b.version));
    return newest && { version: newest.version, integrity: newest.integrity };
  }

  async #writeLock(plugin: VendorPlugin, text: string): Promise<string> {
    const { namespace } = this.#environment;
    const name = lockName(plugin, text);
    if (this.#written.has(name) || this.#caches.pluginLocks.get(name, namespace)) return name;
    await writeLock(this.#store, plugin, namespace, text);
    this.#written.add(name);
    return name;
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

  /** @param plugins of the DpuOperatorConfig, when the lookups began */
  #remember(plugin: VendorPlugin, wanted: readonly string[], outcomes: readonly Outcome[], plugins: PluginsSpec): void {
    const { name } = plugin.metadata;
    const before = this.#attempts.get(name) ?? new Map<string, Attempt>();
    const after = new Map([...before].filter(([requested]) => wanted.includes(requested)));
    for (const outcome of outcomes) {
      const attempt: Attempt = { ...questionOf(plugin), at: Date.now() };
      if ('release' in outcome) after.set(outcome.release.requested, attempt);
      else {
        const { requested, reason } = outcome.failure;
        const last = before.get(requested);
        const isRepeated = last?.generation === attempt.generation && last.refresh === attempt.refresh;
        const count = isRepeated ? (last.failure?.count ?? 0) + 1 : 1;
        after.set(requested, { ...attempt, failure: { reason, count, plugins } });
      }
    }
    this.#attempts.set(name, after);
  }

  async #prune(plugin: VendorPlugin, status: VendorPluginStatus): Promise<void> {
    const { pluginLocks, dpus, vspPods } = this.#caches;
    const needed = new Set(status.releases?.flatMap(({ lock }) => lock ?? []));
    for (const { metadata } of uselessLocks(plugin, needed, pluginLocks.list(), [...dpus.list(), ...vspPods.list()])) {
      await this.#store.delete(configMap, metadata.name, metadata.namespace, { uid: metadata.uid });
    }
  }
}

function asksTheSame(plugin: VendorPlugin, other: VendorPlugin): boolean {
  return plugin.metadata.uid === other.metadata.uid && isDeepStrictEqual(questionOf(plugin), questionOf(other));
}

/** A VSP that is an image, whose manifest stands in the VendorPlugin. */
function declared(plugin: VendorPlugin, requested: string): VendorPluginRelease {
  const { spec } = plugin;
  // Who writes a manifest here has approved it.
  requirePod(plugin, checkManifest(spec.manifest).manifest);
  return { requested, ...(spec.image && { image: spec.image }), manifest: spec.manifest ?? {} };
}
