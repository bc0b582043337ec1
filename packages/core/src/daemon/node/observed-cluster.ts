/** What the API server says that concerns this node: its Node, the DpuOperatorConfig and the plugins. */
import { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import {
  configName,
  type DpuOperatorConfig,
  dpuOperatorConfig,
  type VendorPlugin,
  vendorPlugin,
} from '../../api/index.ts';
import { Informer, type KubeStore, type Node, node as nodeType } from '../../kube/index.ts';
import { PluginCatalog } from '../../plugins/catalog.ts';
import type { DetectionOrders } from '../detect/detector.ts';
import { gone, type Presence, there, unknown } from '../presence.ts';
import { type NodeOrder, nodeOrder } from './node-order.ts';

export interface ObservedClusterOptions {
  store: KubeStore;
  nodeName: string;
  logger: Logger;
}

/** Milliseconds until the API server is asked again whether there is no configuration. */
const confirmAgainMs = 5_000;

/** Emits `change` when orders, labels or plugins may be others; not when the kubelet writes the node's status. */
export class ObservedCluster extends EventEmitter<{ change: [] }> implements DetectionOrders {
  readonly #options: ObservedClusterOptions;
  readonly #node: Informer<Node>;
  readonly #config: Informer<DpuOperatorConfig>;
  readonly #vendorPlugins: Informer<VendorPlugin>;
  /** The API server itself has said that there is no configuration. */
  #configIsGone = false;
  #catalog: PluginCatalog | undefined;

  constructor(options: ObservedClusterOptions) {
    super();
    this.#options = options;
    const { store, nodeName, logger } = options;
    this.#node = new Informer(store, nodeType, { fieldSelector: `metadata.name=${nodeName}`, logger });
    this.#config = new Informer(store, dpuOperatorConfig, { fieldSelector: `metadata.name=${configName}`, logger });
    this.#vendorPlugins = new Informer(store, vendorPlugin, { logger });
  }

  /** Fills the caches, then tells of changes until `signal` is aborted. */
  async start(signal: AbortSignal): Promise<void> {
    const informers = [this.#node, this.#config, this.#vendorPlugins];
    await Promise.all(informers.map((informer) => informer.start(signal)));
    await this.#confirmConfig();
    this.#node.onChange((node, previous) => {
      if (!sameLabels(node, previous)) this.emit('change');
    });
    this.#config.onChange((_config, _previous, kind) => void this.#configChanged(kind === 'deleted'));
    this.#vendorPlugins.onChange(() => {
      this.#catalog = undefined;
      this.emit('change');
    });
  }

  get hasSynced(): boolean {
    return [this.#node, this.#config, this.#vendorPlugins].every(({ hasSynced }) => hasSynced);
  }

  get node(): Node | undefined {
    return this.#node.get(this.#options.nodeName);
  }

  get nodeLabels(): Record<string, string> | undefined {
    return this.node && (this.node.metadata.labels ?? {});
  }

  get nodeUid(): string | undefined {
    return this.node?.metadata.uid;
  }

  get config(): Presence<DpuOperatorConfig> {
    const config = this.#config.get(configName);
    if (config) return there(config);
    return this.#configIsGone ? gone : unknown('the DpuOperatorConfig could not be read');
  }

  get order(): NodeOrder {
    return nodeOrder(this.config, this.node);
  }

  get catalog(): PluginCatalog {
    this.#catalog ??= new PluginCatalog(this.#vendorPlugins.list());
    return this.#catalog;
  }

  async gonePlugins(plugins: readonly string[]): Promise<ReadonlySet<string> | undefined> {
    try {
      const absent = await Promise.all(plugins.map((plugin) => this.#isPluginAbsent(plugin)));
      return new Set(plugins.filter((_plugin, index) => absent[index]));
    } catch (error) {
      this.#options.logger.warn({ err: error, plugins }, 'whether plugins are gone is not known; their DPUs stay');
      return undefined;
    }
  }

  /** Plugins that ship with the operator have names of npm, which no object can have. */
  async #isPluginAbsent(plugin: string): Promise<boolean> {
    return plugin.includes('/') || (await this.#options.store.isAbsent(vendorPlugin, plugin));
  }

  async #configChanged(wasDeleted: boolean): Promise<void> {
    if (wasDeleted) await this.#confirmConfig();
    else this.#configIsGone = false;
    this.emit('change');
  }

  /** A cache is also empty where an object is not understood, or a server has yet to learn of the kind: no order. */
  async #confirmConfig(): Promise<void> {
    if (this.#config.get(configName)) return;
    try {
      this.#configIsGone = await this.#options.store.isAbsent(dpuOperatorConfig, configName);
    } catch (error) {
      this.#options.logger.warn(
        { err: error },
        'whether there is a DpuOperatorConfig is not known; what is served stays',
      );
      setTimeout(() => void this.#configChanged(true), confirmAgainMs).unref();
    }
  }
}

function sameLabels(node: Node, previous: Node | undefined): boolean {
  if (!previous || node.metadata.uid !== previous.metadata.uid) return false;
  const text = ({ metadata }: Node) => JSON.stringify(Object.entries(metadata.labels ?? {}).sort());
  return text(node) === text(previous);
}
