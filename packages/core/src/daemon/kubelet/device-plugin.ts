/**
 * Keeps the devices of one resource registered with the kubelet. A kubelet that restarts forgets its plugins, wipes their
 * sockets and makes its own anew; one that only drops its watch counts the devices as gone. Each of these is an event,
 * of the directory or of the watch, so nothing is asked in between.
 */
import { existsSync, type FSWatcher, lstatSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DpuError } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import { backoffDelay } from '../../retry-backoff.ts';
import type { Allocator } from './allocator.ts';
import { PluginServer } from './plugin-server.ts';
import type { ResourceDevices } from './pool.ts';
import { register } from './registration.ts';

const kubeletSocket = 'kubelet.sock';
/** While the kubelet has its socket but does not accept, or drops its watch at once. */
const backoff = { initialMs: 50, maxMs: 5_000 };

export interface DevicePluginOptions {
  /** The kubelet's directory of plugin sockets. */
  directory: string;
  resourceName: string;
  /** Name of its own socket there. */
  endpoint: string;
  pool: ResourceDevices;
  allocator: Allocator;
  logger: Logger;
}

export class DevicePlugin {
  readonly #options: DevicePluginOptions;
  readonly #stop = new AbortController();
  /** Aborted by an event: what failed before may succeed now. */
  #pause = new AbortController();
  #watcher: FSWatcher | undefined;
  #server: PluginServer | undefined;
  /** Identity of our socket and of the kubelet's socket that knows it. */
  #served: string | undefined;
  #registeredAt: string | undefined;
  #registeredMs = 0;
  #unwatchedTimer: NodeJS.Timeout | undefined;
  /** Watches in a row that ended soon after their registration. */
  #droppedWatches = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(options: DevicePluginOptions) {
    this.#options = options;
  }

  /** Serves and registers; resolves when both are done, or when serving is and there is no kubelet yet. */
  async start(): Promise<void> {
    const { directory, endpoint, logger } = this.#options;
    this.#watcher = watch(directory, (_event, name) => {
      if (name === endpoint || name === kubeletSocket) this.#converge();
    });
    this.#watcher.on('error', (err) => logger.error({ err, directory }, 'the kubelet directory is not watched'));
    this.#converge();
    await this.#work;
  }

  /** Ends the service; the kubelet then counts the devices as gone. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#pause.abort();
    this.#watcher?.close();
    clearTimeout(this.#unwatchedTimer);
    await this.#work;
    this.#server?.close();
  }

  /** One run at a time, each looking at the directory afresh. */
  #converge(): void {
    this.#pause.abort();
    this.#work = this.#work
      .then(() => this.#serveAndRegister())
      .catch((error) => this.#options.logger.error({ err: error }, 'device plugin: not registered with the kubelet'));
  }

  async #serveAndRegister(): Promise<void> {
    for (let failures = 1; !this.#stop.signal.aborted; failures += 1) {
      this.#pause = new AbortController();
      try {
        await this.#serve();
        const kubelet = identity(join(this.#options.directory, kubeletSocket));
        if (!kubelet || kubelet === this.#registeredAt) return;
        await this.#register(kubelet);
        return;
      } catch (error) {
        const log = { err: DpuError.from(error) };
        if (failures === 1) this.#options.logger.warn(log, 'not registered with the kubelet; it is tried again');
        await delay(backoffDelay(failures, backoff), undefined, { signal: this.#pause.signal }).catch(() => {});
      }
    }
  }

  async #serve(): Promise<void> {
    const { directory, endpoint } = this.#options;
    const socketPath = join(directory, endpoint);
    const present = identity(socketPath);
    if (present !== undefined && present === this.#served) return;
    // Closing unlinks the path, so it comes before the new socket takes it.
    this.#server?.close();
    this.#registeredAt = undefined;
    const { pool, allocator, logger } = this.#options;
    this.#server = new PluginServer({
      socketPath,
      pool,
      allocator,
      onUnwatched: () => this.#unwatched(),
      logger,
    });
    await this.#server.listen();
    this.#served = identity(socketPath);
  }

  async #register(kubelet: string): Promise<void> {
    const { directory, endpoint, resourceName, logger } = this.#options;
    await register({ kubeletSocketPath: join(directory, kubeletSocket), endpoint, resourceName });
    this.#registeredAt = kubelet;
    this.#registeredMs = performance.now();
    logger.info({ resource: resourceName }, 'registered with the kubelet');
    // It may end between its answer and its watch.
    this.#registerUnlessWatched(backoff.maxMs);
  }

  /**
   * A kubelet that is told of the same plugin again may end its old watch before it begins the new one, so it gets a
   * moment. It gets longer where each registration is dropped at once.
   */
  #unwatched(): void {
    if (performance.now() - this.#registeredMs > backoff.maxMs) this.#droppedWatches = 0;
    this.#droppedWatches += 1;
    this.#registerUnlessWatched(backoffDelay(this.#droppedWatches, backoff));
  }

  #registerUnlessWatched(afterMs: number): void {
    clearTimeout(this.#unwatchedTimer);
    this.#unwatchedTimer = setTimeout(() => {
      if (this.#server?.watched) return;
      this.#registeredAt = undefined;
      this.#converge();
    }, afterMs);
    this.#unwatchedTimer.unref();
  }
}

/** The directory that this node's kubelet uses: it is there before any pod of ours. */
export function findPluginDirectory(candidates: readonly [string, ...string[]]): string {
  return candidates.find((directory) => existsSync(join(directory, kubeletSocket))) ?? candidates[0];
}

/** Tells one socket from its successor under the same name; undefined where there is none. */
function identity(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return stat && `${stat.ino}/${stat.ctimeNs}`;
}
