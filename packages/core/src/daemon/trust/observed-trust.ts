/**
 * Whose certificates count on this node: those of the own installation, by the operator's ConfigMap, and of others whose
 * trust was imported. It is kept on disk, so that hosts and DPUs find each other again without the API server.
 */
import { EventEmitter } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { z } from 'zod';
import { labels, trustNames } from '../../api/index.ts';
import { firstTen } from '../../first-ten.ts';
import { configMap, Informer, type KubeStore } from '../../kube/index.ts';
import { bundleFrom, type TrustBundle } from '../../trust/bundle.ts';
import { Records } from '../state/records.ts';

export interface ObservedTrustOptions {
  store: KubeStore;
  /** The operator's. */
  namespace: string;
  /** Where it is kept. */
  directory: string;
  logger: Logger;
}

type ConfigMap = z.infer<typeof configMap.schema>;

const recordSchema = z.object({ version: z.literal(1), data: z.record(z.string(), z.string()) });
type TrustRecord = z.infer<typeof recordSchema>;

/** Emits `change` when other certificates may count than before, or {@link ObservedTrust.problem} has changed. */
export class ObservedTrust extends EventEmitter<{ change: [] }> {
  readonly #logger: Logger;
  /** By the name of the ConfigMap. */
  readonly #records: Records<TrustRecord>;
  readonly #bundles = new Map<string, TrustBundle>();
  /** Why a ConfigMap is not followed, by its name. */
  readonly #problems = new Map<string, string>();
  readonly #own: Informer<ConfigMap>;
  readonly #imported: Informer<ConfigMap>;
  /** Nothing is written while it is off. */
  #onDisk = true;

  constructor({ store, namespace, directory, logger }: ObservedTrustOptions) {
    super();
    // One listener for each DPU of the node.
    this.setMaxListeners(0);
    this.#logger = logger;
    this.#records = new Records({ directory, schema: recordSchema, what: 'trust', logger });
    const fieldSelector = `metadata.name=${trustNames.configMap}`;
    this.#own = new Informer(store, configMap, { namespace, fieldSelector, logger });
    const labelSelector = labels.trustedInstallation;
    this.#imported = new Informer(store, configMap, { namespace, labelSelector, logger });
    for (const [name, { data }] of this.#records.entries()) this.#read(name, data);
  }

  /** Fills the caches, then tells of changes until `signal` is aborted. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#own.start(signal), this.#imported.start(signal)]);
    // That the own one is not seen is no order: without it no host and DPU of this installation would speak.
    this.#own.onChange((object, _previous, kind) => {
      if (kind !== 'deleted') this.#take(object);
    });
    this.#imported.onChange((object, _previous, kind) => {
      if (kind === 'deleted') this.#drop(object.metadata.name);
      else this.#takeImported(object);
    });
    const present = new Set(this.#imported.list().map(({ metadata }) => metadata.name));
    for (const name of this.#records.keys()) {
      if (name !== trustNames.configMap && !present.has(name)) this.#drop(name);
    }
  }

  /** Of this installation; undefined until the operator has made it. */
  get own(): TrustBundle | undefined {
    return this.#bundles.get(trustNames.configMap);
  }

  /** The own one first. */
  bundles(): TrustBundle[] {
    const imported = [...this.#bundles].flatMap(([name, bundle]) => (name === trustNames.configMap ? [] : bundle));
    return this.own ? [this.own, ...imported] : imported;
  }

  /** Which ConfigMaps are not followed, and why; undefined where all are. */
  get problem(): string | undefined {
    if (this.#problems.size === 0) return undefined;
    const each = [...this.#problems].sort().map(([name, why]) => `ConfigMap ${name} is not followed (${why})`);
    return `${firstTen(each)}: what was trusted before is until it is mended or deleted`;
  }

  /** Takes what was written down off the disk, as somebody's order to leave the node; what is trusted stays trusted. */
  async takeOffDisk(): Promise<void> {
    this.#onDisk = false;
    await Promise.all(this.#records.keys().map((name) => this.#records.delete(name)));
  }

  /** Undoes {@link ObservedTrust.takeOffDisk}. */
  keepOnDisk(): void {
    if (this.#onDisk) return;
    this.#onDisk = true;
    for (const object of this.#own.list()) this.#take(object);
    for (const object of this.#imported.list()) this.#takeImported(object);
  }

  close(): void {
    this.#records.close();
  }

  #takeImported(object: ConfigMap): void {
    const { name, labels: its } = object.metadata;
    const installation = its?.[labels.trustedInstallation];
    if (name === trustNames.configMap) return;
    if (installation === object.data?.installation?.trim()) this.#take(object);
    else this.#refuse(name, new Error(`its label names installation ${installation}, its data does not`));
  }

  #take({ metadata: { name }, data = {} }: ConfigMap): void {
    const known = this.#records.get(name);
    const isNew = !this.#bundles.has(name) || !isDeepStrictEqual(known?.data, data);
    if (isNew && !this.#read(name, data)) return;
    const isMended = this.#problems.delete(name);
    if (isNew && this.#onDisk) void this.#records.updateEventually(name, () => ({ version: 1, data }));
    if (isNew || isMended) this.emit('change');
  }

  /** @returns whether it is understood; one that is not changes nothing */
  #read(name: string, data: Record<string, string>): boolean {
    try {
      this.#bundles.set(name, bundleFrom(data));
      return true;
    } catch (error) {
      this.#refuse(name, error instanceof Error ? error : new Error(String(error)));
      return false;
    }
  }

  #refuse(name: string, error: Error): void {
    if (this.#problems.get(name) === error.message) return;
    this.#problems.set(name, error.message);
    this.#logger.error({ err: error, configMap: name }, 'trust is not followed; what was trusted before still is');
    this.emit('change');
  }

  #drop(name: string): void {
    const dropped = this.#bundles.delete(name);
    const isMended = this.#problems.delete(name);
    void this.#records.delete(name);
    if (dropped || isMended) this.emit('change');
  }
}
