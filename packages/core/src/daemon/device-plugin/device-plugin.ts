/**
 * Keeps the node's DPU devices registered with the kubelet. A kubelet that restarts forgets its plugins, wipes their
 * sockets and makes its own anew: each of these is an event of the directory, so nothing is asked in between.
 */
import { type FSWatcher, lstatSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DpuError } from '@dpu-operator/sdk';
import { type ClientUnaryCall, credentials, makeClientConstructor, type ServiceError } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { pluginOptions, servePool } from './plugin-server.ts';
import type { DevicePool } from './pool.ts';
import { apiVersion, type RegisterRequest, registrationService } from './protocol.ts';

const ownSocket = 'dpuNet.sock';
const kubeletSocket = 'kubelet.sock';
/** Milliseconds between attempts while the kubelet has its socket but does not accept; doubles up to the longest. */
const firstRetry = 50;
const longestRetry = 5_000;
/** The kubelet dials the plugin back before it answers; it gives up itself after 10 s. */
const registerDeadlineMs = 12_000;

export interface DevicePluginOptions {
  /** The kubelet's directory of plugin sockets. */
  directory: string;
  resourceName: string;
  pool: DevicePool;
  logger: Logger;
}

export class DevicePlugin {
  readonly #options: DevicePluginOptions;
  readonly #stop = new AbortController();
  #watcher: FSWatcher | undefined;
  #server: { close(): void } | undefined;
  /** Identity of our socket and of the kubelet's socket that knows it. */
  #served: string | undefined;
  #registeredAt: string | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: DevicePluginOptions) {
    this.#options = options;
  }

  /** Serves and registers; resolves when both are done, or when serving is and there is no kubelet yet. */
  async start(): Promise<void> {
    this.#watcher = watch(this.#options.directory, (_event, name) => {
      if (name === ownSocket || name === kubeletSocket) this.#converge();
    });
    this.#converge();
    await this.#work;
  }

  /** Ends the service; the kubelet then counts the devices as gone. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#watcher?.close();
    await this.#work;
    this.#server?.close();
  }

  /** One run at a time, each looking at the directory afresh. */
  #converge(): void {
    this.#work = this.#work
      .then(() => this.#serveAndRegister())
      .catch((error) => this.#options.logger.error({ err: error }, 'device plugin: not registered with the kubelet'));
  }

  async #serveAndRegister(): Promise<void> {
    for (let retry = firstRetry; !this.#stop.signal.aborted; retry = Math.min(retry * 2, longestRetry)) {
      try {
        await this.#serve();
        const kubelet = identity(join(this.#options.directory, kubeletSocket));
        if (!kubelet || kubelet === this.#registeredAt) return;
        await this.#register();
        this.#registeredAt = kubelet;
        this.#options.logger.info({ resource: this.#options.resourceName }, 'registered with the kubelet');
        return;
      } catch (error) {
        const log = { err: DpuError.from(error) };
        if (retry === firstRetry) this.#options.logger.warn(log, 'not registered with the kubelet; it is tried again');
        await delay(retry, undefined, { signal: this.#stop.signal }).catch(() => {});
      }
    }
  }

  async #serve(): Promise<void> {
    const socketPath = join(this.#options.directory, ownSocket);
    const there = identity(socketPath);
    if (there !== undefined && there === this.#served) return;
    // Closing unlinks the path, so it comes before the new socket takes it.
    this.#server?.close();
    this.#registeredAt = undefined;
    const { pool, logger } = this.#options;
    this.#server = await servePool({ socketPath, pool, logger });
    this.#served = identity(socketPath);
  }

  #register(): Promise<void> {
    const request: RegisterRequest = {
      version: apiVersion,
      endpoint: ownSocket,
      resource_name: this.#options.resourceName,
      options: pluginOptions,
    };
    const Registration = makeClientConstructor(registrationService, 'Registration');
    const address = `unix:${join(this.#options.directory, kubeletSocket)}`;
    const client = new Registration(address, credentials.createInsecure(), { 'grpc.default_authority': 'localhost' });
    return new Promise<void>((resolve, reject) => {
      const register = client.Register as (
        request: RegisterRequest,
        options: { deadline: number },
        done: (error: ServiceError | null) => void,
      ) => ClientUnaryCall;
      register.call(client, request, { deadline: Date.now() + registerDeadlineMs }, (error) =>
        error ? reject(error) : resolve(),
      );
    }).finally(() => client.close());
  }
}

/** Tells one socket from its successor under the same name; undefined where there is none. */
function identity(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return stat && `${stat.ino}/${stat.ctimeNs}`;
}
