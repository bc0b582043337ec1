/** A device plugin for each resource that devices of this node have: that of all DPUs, and those of DpuNetworks. */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { resourceName } from '../../api/index.ts';
import { backoffDelay } from '../../retry-backoff.ts';
import { Allocator, type AllocatorOptions } from './allocator.ts';
import { DevicePlugin } from './device-plugin.ts';
import type { DevicePool } from './pool.ts';

export interface DevicePluginsOptions extends Omit<AllocatorOptions, 'pool' | 'resourceName'> {
  /** The kubelet's directory of plugin sockets. */
  directory: string;
  pool: DevicePool;
  logger: Logger;
}

const openRetry = { initialMs: 1_000, maxMs: 60_000 };

export class DevicePlugins {
  readonly #options: DevicePluginsOptions;
  readonly #plugins = new Map<string, DevicePlugin>();
  #unsubscribe: (() => void) | undefined;
  /** Of one resource the next plugin begins when the last one has ended: they have one socket. */
  #work: Promise<void> = Promise.resolve();
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DevicePluginsOptions) {
    this.#options = options;
  }

  /** A resource that never had a device is not told to the kubelet, instead of advertising none. */
  start(): void {
    this.#unsubscribe ??= this.#options.pool.onChange(() => this.#converge());
    this.#work = this.#work.then(() => removeDeadSockets(this.#options.directory));
    this.#converge();
  }

  /** Ends the service; the kubelet then counts the devices as gone. */
  async close(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
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
    plugin.start().then(
      () => {
        this.#failures = 0;
      },
      (error) => {
        if (this.#plugins.get(resource) === plugin) this.#plugins.delete(resource);
        logger.error({ err: error, resource }, 'cannot serve the devices to the kubelet; it is tried again');
        this.#convergeLater();
      },
    );
  }

  /** No event tells that a directory can be watched again. */
  #convergeLater(): void {
    if (this.#timer || !this.#unsubscribe) return;
    this.#failures += 1;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#converge();
      },
      backoffDelay(this.#failures, openRetry),
    ).unref();
  }
}

/** Of resources that a daemon which was killed served: where nobody listens any more. */
async function removeDeadSockets(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const sockets = names.filter((name) => /^dpuNet-[0-9a-f]{8}\.sock$/.test(name)).map((name) => join(directory, name));
  await Promise.all(
    sockets.map(async (path) => {
      if (await isDead(path)) rmSync(path, { force: true });
    }),
  );
}

function isDead(path: string): Promise<boolean> {
  const socket = connect(path);
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(false));
    socket.once('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'));
  }).finally(() => socket.destroy());
}

/** The path of a socket has 107 bytes at most, and directories of kubelets are long. */
function endpointOf(resource: string): string {
  if (resource === resourceName) return 'dpuNet.sock';
  return `dpuNet-${createHash('sha256').update(resource).digest('hex').slice(0, 8)}.sock`;
}
