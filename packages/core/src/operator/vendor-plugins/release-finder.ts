/** Finds one version of a vendor's plugin: in its npm registry, in the registry of its image, or in the VendorPlugin itself. */
import type { Logger } from 'pino';
import { rcompare, satisfies, validRange } from 'semver';
import type { PluginRun } from '../../api/fields/plugin-run.ts';
import type { VendorPlugin, VendorPluginRelease } from '../../api/kinds/vendor-plugin.ts';
import { configName } from '../../api/names/names.ts';
import type { KubeStore } from '../../kube/index.ts';
import { mirrored } from '../../plugins/image/mirror.ts';
import type { ReadImage } from '../../plugins/image/read-image.ts';
import { byDigest, parseReference } from '../../plugins/image/reference.ts';
import type { LookUp } from '../../plugins/lookup/lookup.ts';
import { LookupError } from '../../plugins/lookup/lookup-error.ts';
import { checkManifest, checkPackageManifest } from '../../plugins/lookup/manifest.ts';
import { isExact } from '../../plugins/lookup/pick-version.ts';
import type { Caches } from '../shared/caches.ts';
import type { Environment } from '../shared/environment.ts';
import { faultCondition } from '../shared/own-faults.ts';
import { requireApproval } from './approval.ts';
import type { LookupAttempts } from './lookup-attempts.ts';
import { LookupSlots } from './lookup-slots.ts';
import { requirePod } from './overlay-fault.ts';
import type { PluginLocks } from './plugin-locks.ts';
import { type PluginRegistry, type PluginsSpec, registryOf, requireSecure } from './plugin-registry.ts';
import { npmCredentials, pullSecrets, type SecretReader } from './plugin-secrets.ts';
import type { Outcome } from './vendor-plugin-status.ts';

/** npm takes 100 MB while it looks. A registry that hangs has one half of it until its time is over. */
const npmLookups = { most: 4, mostOfOne: 2 };
/** These take a few requests. */
const imageLookups = { most: 16, mostOfOne: 4 };

export interface ReleaseFinderOptions {
  store: KubeStore;
  caches: Pick<Caches, 'configs' | 'dpus' | 'imageMirrors'>;
  environment: Pick<Environment, 'namespace' | 'npmDirectory' | 'npmRegistry'>;
  lookUp: LookUp;
  readImage: ReadImage;
  locks: PluginLocks;
  attempts: LookupAttempts;
  logger: Logger;
}

export class ReleaseFinder {
  readonly #options: ReleaseFinderOptions;
  readonly #npmSlots = new LookupSlots(npmLookups);
  readonly #imageSlots = new LookupSlots(imageLookups);

  constructor(options: ReleaseFinderOptions) {
    this.#options = options;
  }

  /** What of the DpuOperatorConfig is about plugins. */
  get pluginsSpec(): PluginsSpec {
    return this.#options.caches.configs.getByKey(configName)?.spec.plugins;
  }

  registryOf(plugin: VendorPlugin): PluginRegistry {
    return registryOf(plugin, this.pluginsSpec, this.#options.environment.npmRegistry);
  }

  /**
   * Waits for its turn, and for the registry.
   *
   * @throws the signal's reason where that is aborted meanwhile.
   */
  async find(plugin: VendorPlugin, requested: string, signal: AbortSignal): Promise<Outcome> {
    const { logger } = this.#options;
    const name = plugin.spec.package ? `${plugin.spec.package}@${requested}` : plugin.spec.image;
    try {
      return { release: await this.#findRelease(plugin, requested, signal) };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof LookupError)) {
        const fault = faultCondition('Ready', error);
        if (!fault) throw error;
        logger.error({ err: error, plugin: plugin.metadata.name, requested }, 'a lookup failed by a fault of ours');
        return { failure: { requested, reason: 'LookupFailed', message: `${name}: ${fault.message}` } };
      }
      logger.warn({ plugin: plugin.metadata.name, requested, reason: error.reason }, error.message);
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
    const { caches, attempts, readImage, logger } = this.#options;
    const started = performance.now();
    const before = plugin.status?.releases?.find((release) => release.requested === requested);
    const isKept = before?.askedImage === image && !attempts.isAskedAnew(plugin, requested);
    const running = before ? undefined : this.#runningImage(plugin, image);
    const kept = isKept ? before.image : running;
    const request = {
      image: mirrored(kept ?? image, caches.imageMirrors),
      secrets: await pullSecrets(this.#secrets, plugin),
      httpRegistries: this.pluginsSpec?.httpRegistries ?? [],
      signal,
    };
    const { registry } = parseReference(request.image);
    const found = await this.#imageSlots.use(registry, signal, () => readImage(request));
    const { digest, architectures, manifest } = found;
    const { manifest: checked } = checkManifest(manifest);
    requirePod(plugin, checked);
    requireApproval(plugin, digest, checked);
    const seconds = Number(((performance.now() - started) / 1000).toFixed(2));
    logger.info({ plugin: plugin.metadata.name, image, digest, seconds }, 'plugin found');
    const pinned = byDigest(parseReference(image), digest);
    return { requested, version: digest, image: pinned, askedImage: image, architectures, manifest };
  }

  get #secrets(): SecretReader {
    const { store, environment } = this.#options;
    return { store, namespace: environment.namespace };
  }

  async #findPackage(
    plugin: VendorPlugin,
    packageName: string,
    requested: string,
    signal: AbortSignal,
  ): Promise<VendorPluginRelease> {
    const { environment, attempts, locks, lookUp, logger } = this.#options;
    const { spec, status } = plugin;
    const registry = this.registryOf(plugin);
    requireSecure(registry, this.pluginsSpec);
    const before = status?.releases?.find((release) => release.requested === requested);
    const { version, integrity, lock } = before ?? {};
    const isSame = before?.package === packageName && before.registry === registry.url;
    const isThere = lock !== undefined && locks.has(lock);
    const isKept = isSame && !attempts.isAskedAnew(plugin, requested, lock !== undefined && !isThere);
    const running = before ? undefined : this.#runningOf(plugin, requested);
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
      npmDirectory: environment.npmDirectory,
      signal,
    };
    const { host } = new URL(registry.url);
    const found = await this.#npmSlots.use(host, signal, () => lookUp(request));
    const { manifest } = checkPackageManifest(found.manifest);
    requirePod(plugin, manifest);
    requireApproval(plugin, found.version, manifest);
    const seconds = Number(((performance.now() - started) / 1000).toFixed(2));
    logger.info({ plugin: plugin.metadata.name, requested, version: found.version, seconds }, 'plugin found');
    const image = spec.image ?? found.manifest.image;
    return {
      requested,
      package: packageName,
      version: found.version,
      integrity: found.integrity,
      registry: registry.url,
      ...(registry.credentialsSecret && { credentialsSecret: registry.credentialsSecret }),
      lock: found.lock === undefined ? lock : await locks.write(plugin, found.lock),
      ...(typeof image === 'string' && { image }),
      manifest: found.manifest,
    };
  }

  /**
   * What DPUs run of a range or tag: a VendorPlugin that was deleted and made again gives them nothing new. What was found for
   * another tag is no answer to this one.
   */
  #runningOf(plugin: VendorPlugin, requested: string): { version: string; integrity: string | undefined } | undefined {
    if (isExact(requested)) return undefined;
    const isRange = validRange(requested) !== null;
    const { url } = this.registryOf(plugin);
    const own = this.#runsOf(plugin).filter(
      (run) =>
        run.package === plugin.spec.package &&
        // Another registry may hold other content of that version.
        (run.registry === undefined || run.registry === url) &&
        (isRange ? satisfies(run.version, requested) : run.askedFor === requested),
    );
    const [newest] = own.sort((a, b) => rcompare(a.version, b.version));
    return newest && { version: newest.version, integrity: newest.integrity };
  }

  /** As {@link #runningOf}, of an image with a tag: what most of them run, by its digest. */
  #runningImage(plugin: VendorPlugin, image: string): string | undefined {
    const digests = this.#runsOf(plugin).flatMap(({ askedFor, version }) => (askedFor === image ? version : []));
    const count = (digest: string) => digests.filter((one) => one === digest).length;
    const [first] = [...new Set(digests)].sort((a, b) => count(b) - count(a));
    return first && byDigest(parseReference(image), first);
  }

  #runsOf({ metadata }: VendorPlugin): PluginRun[] {
    const runs = this.#options.caches.dpus.list().flatMap(({ status }) => status?.plugin ?? []);
    return runs.filter(({ name }) => name === metadata.name);
  }
}

/** A VSP that is an image, whose manifest stands in the VendorPlugin. */
function declared(plugin: VendorPlugin, requested: string): VendorPluginRelease {
  const { spec } = plugin;
  // Who writes a manifest here has approved it.
  requirePod(plugin, checkManifest(spec.manifest).manifest);
  return { requested, ...(spec.image && { image: spec.image }), manifest: spec.manifest ?? {} };
}
