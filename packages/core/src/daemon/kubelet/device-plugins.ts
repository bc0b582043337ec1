/** A device plugin for each resource that devices of this node have: that of all DPUs, and those of DpuNetworks. */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { resourceName } from '../../api/index.ts';
import { Allocator, type AllocatorOptions } from './allocator.ts';
import { DevicePlugin } from './device-plugin.ts';
import type { DevicePool } from './pool.ts';

export interface DevicePluginsOptions extends Omit<AllocatorOptions, 'pool' | 'resourceName'> {
  /** The kubelet's directory of plugin sockets. */
  directory: string;
  pool: DevicePool;
  logger: Logger;
}

export class DevicePlugins {
  readonly #options: DevicePluginsOptions;
  readonly #plugins = new Map<string, DevicePlugin>();
  #unsubscribe: (() => void) | undefined;
  /** Of one resource the next plugin begins when the last one has ended: they have one socket. */
  #work: Promise<void> = Promise.resolve();

  constructor(options: DevicePluginsOptions) {
    this.#options = options;
  }

  /** A resource that never had a device is not told to the kubelet, instead of advertising none. */
  start(): void {
    this.#unsubscribe ??= this.#options.pool.onChange(() => this.#converge());
    this.#converge();
  }

  /** Ends the service; the kubelet then counts the devices as gone. */
  async close(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    await this.#work;
    await Promise.all([...this.#plugins.values()].map((plugin) => plugin.close()));
    this.#plugins.clear();
  }

  #converge(): void {
    this.#work = this.#work.then(() => this.#reconcile());
  }

  async #reconcile(): Promise<void> {
    if (!this.#unsubscribe) return;
    const wanted = new Set(this.#options.pool.list().map(({ resource }) => resource));
    for (const [resource, plugin] of this.#plugins) {
      // That of all DPUs stays: its devices may be away for a moment.
      if (wanted.has(resource) || resource === resourceName) continue;
      this.#plugins.delete(resource);
      await plugin.close();
    }
    for (const resource of wanted) if (!this.#plugins.has(resource)) this.#open(resource);
  }

  /** Not waited for: a kubelet that refuses one resource holds up no other. */
  #open(resource: string): void {
    const { directory, logger, ...options } = this.#options;
    const pool = options.pool.of(resource);
    const allocator = new Allocator({ ...options, pool, resourceName: resource, logger });
    const plugin = new DevicePlugin({
      directory,
      resourceName: resource,
      endpoint: endpointOf(resource),
      pool,
      allocator,
      logger,
    });
    this.#plugins.set(resource, plugin);
    plugin.start().catch((error) => {
      // The next change of the pool tries again.
      if (this.#plugins.get(resource) === plugin) this.#plugins.delete(resource);
      logger.error({ err: error, resource }, 'cannot serve the devices to the kubelet');
    });
  }
}

/** The path of a socket has 107 bytes at most, and directories of kubelets are long. */
function endpointOf(resource: string): string {
  if (resource === resourceName) return 'dpuNet.sock';
  return `dpuNet-${createHash('sha256').update(resource).digest('hex').slice(0, 8)}.sock`;
}
