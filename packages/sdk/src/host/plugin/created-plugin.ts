import type { Dpu, Platform, Plugin, PluginContext, PluginDefinition } from '../../contract/contract.ts';
import { pluginContainer } from '../container.ts';
import type { OwnMetrics } from '../metrics/plugin-metrics.ts';
import { requireServices } from '../services/plugin-services.ts';
import { checkedPlugin } from './check-plugin.ts';

/** What of the context is the same for each attempt to create the plugin. */
type HostContext = Omit<PluginContext<unknown>, 'dpu' | 'platform'> & { metrics: OwnMetrics };

interface CreatedPluginOptions {
  plugin: PluginDefinition<unknown>;
  /** Default: the machine. */
  platform?: Platform | undefined;
}

/** Creates the plugin, each attempt with a container of its own, and closes it. */
export class CreatedPlugin {
  readonly #options: CreatedPluginOptions;
  readonly #context: HostContext;
  #current: { plugin?: Plugin; dispose: () => Promise<void> } | undefined;

  constructor(options: CreatedPluginOptions, context: HostContext) {
    this.#options = options;
    this.#context = context;
  }

  async create(dpu: Dpu): Promise<Plugin> {
    const { plugin: definition, platform } = this.#options;
    // What it does to its own copies is no matter of the host, nor of its next attempt.
    const own = { dpu: { ...dpu }, node: { ...this.#context.node }, settings: structuredClone(this.#context.settings) };
    const { context, dispose } = pluginContainer({ ...this.#context, ...own, platform });
    this.#current = { dispose };
    try {
      const plugin = checkedPlugin(await definition.create(context));
      requireServices(plugin.services ?? []);
      this.#current.plugin = plugin;
      return plugin;
    } catch (error) {
      this.#current = undefined;
      this.#context.metrics.clear();
      await dispose();
      throw error;
    }
  }

  /** Also ends what the plugin left running. */
  async close(): Promise<void> {
    try {
      await this.#current?.plugin?.close?.();
    } finally {
      await this.#current?.dispose();
    }
  }
}
