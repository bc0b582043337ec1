/**
 * An HTTP server on a unix socket that stays reachable: when somebody removes or replaces the socket, it listens again.
 * Nobody but one daemon a node does so on purpose (state/node-lock.ts).
 */
import { chmodSync, type FSWatcher, mkdirSync, rmSync, statSync, watch } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { basename, dirname } from 'node:path';
import type { Logger } from 'pino';

export interface UnixListenerOptions {
  socketPath: string;
  onRequest: RequestListener;
  logger: Logger;
}

/** Milliseconds for a request to arrive completely. */
const requestTimeout = 30_000;
/** Milliseconds between attempts to listen again: they grow, should something take the socket away each time. */
const retryStepMs = 100;
const longestRetryMs = 5_000;
/** Milliseconds after which a socket counts as one that stays. */
const stableMs = 10_000;

export class UnixListener {
  readonly #options: UnixListenerOptions;
  readonly #directory: string;
  #server: Server | undefined;
  #socket: string | undefined;
  #watcher: FSWatcher | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retries = 0;
  #listenedAt = 0;
  #closed = false;
  /** They listen no more, and answer what they have. */
  readonly #closing = new Map<Server, Promise<void>>();

  constructor(options: UnixListenerOptions) {
    this.#options = options;
    this.#directory = dirname(options.socketPath);
  }

  /** Resolves when it listens. Makes the directory for root alone. */
  async listen(): Promise<void> {
    const { socketPath, onRequest, logger } = this.#options;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    chmodSync(this.#directory, 0o700);
    rmSync(socketPath, { recursive: true, force: true });
    const server = createServer({ requestTimeout }, onRequest);
    await new Promise<void>((resolve, reject) => {
      // It also comes for a connection that could not be accepted, which must not end the daemon.
      server.on('error', (error) => {
        logger.error({ err: error }, 'CNI server');
        reject(error);
      });
      server.listen(socketPath, resolve);
    });
    this.#server = server;
    this.#listenedAt = performance.now();
    if (this.#closed) {
      this.#stopListening();
      return;
    }
    chmodSync(socketPath, 0o600);
    this.#socket = socketAt(socketPath);
    this.#watch();
    // Somebody may have been at it between.
    this.#look();
  }

  /** Takes no more requests and waits for those that run, but not longer than some milliseconds. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#stopListening();
    const cut = setTimeout(() => {
      for (const server of this.#closing.keys()) server.closeAllConnections();
    }, graceMs);
    await Promise.all(this.#closing.values());
    clearTimeout(cut);
  }

  #watch(): void {
    const { socketPath } = this.#options;
    this.#watcher = watch(this.#directory, { persistent: false }, (_event, name) => {
      // The directory's own name comes when that is removed.
      if (name === null || name === basename(socketPath) || name === basename(this.#directory)) this.#look();
    });
    this.#watcher.on('error', () => void this.#listenAgain());
  }

  #look(): void {
    if (socketAt(this.#options.socketPath) !== this.#socket) void this.#listenAgain();
  }

  async #listenAgain(): Promise<void> {
    if (this.#closed || !this.#server) return;
    const { logger, socketPath } = this.#options;
    logger.error({ socketPath }, 'the CNI socket was taken away; it is served again');
    this.#stopListening();
    if (performance.now() - this.#listenedAt > stableMs) this.#retries = 0;
    if (this.#retries === 0) await this.#tryListen();
    else this.#listenLater();
  }

  async #tryListen(): Promise<void> {
    this.#retries += 1;
    try {
      await this.listen();
    } catch (error) {
      this.#options.logger.error({ err: error }, 'the CNI socket cannot be served yet');
      this.#listenLater();
    }
  }

  #listenLater(): void {
    if (this.#closed) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#tryListen(), Math.min(this.#retries * retryStepMs, longestRetryMs));
    this.#retry.unref();
  }

  /** Closing removes whatever has the socket's name, so it comes before the next socket. */
  #stopListening(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.#closing.set(
      server,
      closed.then(() => void this.#closing.delete(server)),
    );
  }
}

/** Which file is there. Inode numbers are used again. */
function socketAt(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.ino}:${found.birthtimeNs}`;
}
