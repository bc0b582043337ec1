/**
 * Brings a VSP up and keeps it so: dial its socket, Init, hand it what it must know, follow its devices. A VSP that
 * starts anew is told everything again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Device, DpuError, type InitRequest, type IpPort } from '@dpu-operator/sdk';
import type { VspClient } from '@dpu-operator/sdk/client';
import type { Logger } from 'pino';
import { backoffDelay } from '../../../retry-backoff.ts';
import { type VspSocket, watchSocket } from './vsp-socket.ts';

export interface VspSessionOptions {
  socket: { directory: string; name: string };
  init: InitRequest;
  dial: (socketPath: string) => VspClient;
  /** The answer to an Init that happened before this daemon, from disk. */
  rememberedAddress: () => IpPort | undefined;
  /** It was initialised, answers Init only once, and nobody knows what it answered. It is tried again. */
  onAnswerLost?: () => void;
  /** Between Init and ready: the VSP gets its numbers, bridge ports and network functions. */
  prepare: (client: VspClient, address: IpPort, socket: VspSocket) => Promise<void>;
  /** The VSP is ready when its first devices have been taken. */
  onDevices: (devices: Device[]) => Promise<void>;
  onState: (state: VspSessionState) => void;
  logger: Logger;
  /** Milliseconds; an Init that fails is tried again up to this seldom. Default: 30,000. */
  longestRetryMs?: number;
  /** Milliseconds until the first list of devices must have come. Default: 30,000, as for every call. */
  devicesDeadlineMs?: number;
}

export type VspSessionState =
  | { phase: 'connecting' }
  | { phase: 'absent'; message: string }
  | { phase: 'failed'; message: string }
  | { phase: 'ready' };

/** Milliseconds. */
const firstRetryMs = 25;
/** Between binding and listening a socket refuses; a VSP that does so for longer is dead, and its successor's event comes. */
const refusals = 8;
/** A VSP that was ready for so long works: the next attempt comes soon again. */
const stableMs = 5_000;

export class VspSession {
  readonly #options: VspSessionOptions;
  readonly #watcher: { close(): void };
  #attempt = new AbortController();
  #client: VspClient | undefined;
  #socket: VspSocket = { path: '', id: '' };
  /** Ends the pause before the next attempt. */
  #wake: AbortController | undefined;
  /** Init has been answered: the VSP takes calls. */
  #ready = false;
  #connected = false;
  /** Attempts since it was last ready for long, or another VSP came: none of them has held yet. */
  #failures = 0;
  #readySince = 0;
  /** The last failure that the log has heard of. */
  #reported = '';
  readonly #waiters = new Set<() => void>();
  #closed = false;

  constructor(options: VspSessionOptions) {
    this.#options = options;
    this.#watcher = watchSocket(options.socket, (socket) => this.#take(socket));
  }

  /** The client while the VSP is initialised. */
  get client(): VspClient | undefined {
    return this.#ready ? this.#client : undefined;
  }

  /** The client once the VSP is initialised; undefined when that takes longer. */
  async whenReady(timeoutMs: number): Promise<VspClient | undefined> {
    if (!this.#ready) {
      const waiter = Promise.withResolvers<void>();
      this.#waiters.add(waiter.resolve);
      const timer = setTimeout(waiter.resolve, timeoutMs);
      await waiter.promise;
      clearTimeout(timer);
      this.#waiters.delete(waiter.resolve);
    }
    return this.client;
  }

  close(): void {
    this.#closed = true;
    this.#watcher.close();
    this.#drop();
  }

  #take(socket: VspSocket | undefined): void {
    const isReplaced = this.#client !== undefined;
    this.#drop();
    if (socket === undefined) {
      this.#options.onState({ phase: 'absent', message: 'the VSP has no socket yet' });
      return;
    }
    // Both events may come as one: those who hold the former client are to let go of it.
    if (isReplaced) this.#options.onState({ phase: 'absent', message: 'another VSP takes its place' });
    const client = this.#options.dial(socket.path);
    this.#client = client;
    // Looked at before it is dialled: should another VSP take its place between the two, that one's event follows.
    this.#socket = socket;
    this.#failures = 0;
    client.onConnectivity((connected) => {
      if (this.#client !== client || this.#closed) return;
      this.#connected = connected;
      if (connected) this.#wake?.abort();
      if (!connected && this.#ready) this.#lost(client, connectionClosed);
    });
    this.#start(client);
  }

  #drop(): void {
    this.#attempt.abort();
    this.#ready = false;
    this.#connected = false;
    this.#client?.close();
    this.#client = undefined;
  }

  #lost(client: VspClient, state: VspSessionState): void {
    this.#ready = false;
    this.#reported = '';
    if (performance.now() - this.#readySince >= stableMs) this.#failures = 0;
    this.#options.onState(state);
    this.#start(client);
  }

  #start(client: VspClient): void {
    this.#attempt.abort();
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    this.#initialiseWithRetries(client, signal).catch((error) => {
      if (!signal.aborted) this.#options.logger.error({ err: error }, 'cannot follow the VSP');
    });
  }

  async #initialiseWithRetries(client: VspClient, signal: AbortSignal): Promise<void> {
    this.#options.onState({ phase: 'connecting' });
    // One that ends what it just began must not keep the daemon busy.
    if (this.#failures > 0) await this.#pause(signal);
    for (let refused = 0; refused < refusals && !signal.aborted; ) {
      try {
        await this.#initialise(client, signal);
        return;
      } catch (thrown) {
        if (signal.aborted) return;
        const error = DpuError.from(thrown);
        // A VSP that answers is there, whatever it answers.
        refused = this.#connected ? 0 : refused + 1;
        this.#ready = false;
        const phase = error.code === 'UNAVAILABLE' ? 'absent' : 'failed';
        this.#options.onState({ phase, message: error.message });
        this.#report(error);
      }
      await this.#pause(signal);
    }
    // Nobody listens on this socket, or its client would try to connect for ever.
    if (!signal.aborted) this.#drop();
  }

  /** Waits longer each time; a connection ends it. */
  async #pause(signal: AbortSignal): Promise<void> {
    this.#wake = new AbortController();
    this.#failures += 1;
    const backoff = { initialMs: firstRetryMs, maxMs: this.#options.longestRetryMs ?? 30_000 };
    const pauseMs = backoffDelay(this.#failures, backoff);
    await delay(pauseMs, undefined, { signal: AbortSignal.any([signal, this.#wake.signal]) }).catch(() => {});
  }

  #report(error: DpuError): void {
    if (error.message === this.#reported) return;
    this.#reported = error.message;
    this.#options.logger.warn({ err: error }, 'the VSP is not ready; it is tried again');
  }

  async #initialise(client: VspClient, signal: AbortSignal): Promise<void> {
    const { init, rememberedAddress, onAnswerLost, prepare, onState, logger } = this.#options;
    const answer = await client.init(init);
    const address = answer === 'already-initialized' ? rememberedAddress() : answer;
    if (!address) {
      onAnswerLost?.();
      const detail =
        'the VSP was initialised by another daemon, and where it listens is not known: it is replaced as soon as nothing uses the DPU, or delete its pod';
      throw new DpuError('FAILED_PRECONDITION', detail);
    }
    signal.throwIfAborted();
    this.#ready = true;
    await prepare(client, address, this.#socket);
    await this.#follow(client, signal);
    signal.throwIfAborted();
    logger.info({ address }, 'VSP ready');
    this.#readySince = performance.now();
    this.#failures += 1;
    this.#reported = '';
    for (const resume of this.#waiters) resume();
    onState({ phase: 'ready' });
  }

  /** Resolves with the first list of devices; starts again when the VSP ends the stream. */
  #follow(client: VspClient, signal: AbortSignal): Promise<void> {
    const { devicesDeadlineMs = 30_000, onDevices, logger } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const deadline = setTimeout(() => {
      stop();
      const detail = `the VSP has not answered WatchDevices within ${devicesDeadlineMs / 1000} s`;
      reject(new DpuError('DEADLINE_EXCEEDED', detail));
    }, devicesDeadlineMs);
    deadline.unref();
    const stop = client.watchDevices(
      (devices) => {
        if (signal.aborted) return;
        void onDevices(devices).then(resolve, reject);
      },
      (error) => {
        reject(error ?? new DpuError('UNAVAILABLE', 'the VSP ended the watch of its devices'));
        if (signal.aborted) return;
        logger.debug({ err: error }, 'the watch of the devices ended');
        if (!this.#ready) return;
        // A VSP that answers with an error, or not in time, is there.
        if (error && error.code !== 'UNAVAILABLE') this.#lost(client, { phase: 'failed', message: error.message });
        else this.#lost(client, connectionClosed);
      },
    );
    signal.addEventListener('abort', stop, { once: true });
    return promise.finally(() => clearTimeout(deadline));
  }
}

const connectionClosed: VspSessionState = { phase: 'absent', message: 'the VSP has closed the connection' };
