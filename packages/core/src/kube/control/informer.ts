import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type BackoffOptions, backoffDelay } from '../../retry-backoff.ts';
import { ApiError, isGone } from '../client/api-error.ts';
import { type WatchEvent, watchStream } from '../client/watch-stream.ts';
import { type KubeObject, keyOf, objectKey, type ResourceType } from '../objects/resource.ts';
import type { KubeStore, ListOptions } from '../objects/store.ts';
import { NotUnderstoodError } from '../objects/understand.ts';
import { CacheIndex } from './cache-index.ts';

/** A watch that has been open for so long without an event works. */
const stableMs = 1000;

/** So many failures in a row may come of the version itself: one that the server has yet to reach, or an event after it. */
const doubtAfter = 5;

export type ChangeKind = 'added' | 'updated' | 'deleted';

/** For a deletion `object` is the last state there was. */
export type ChangeListener<T> = (object: T, previous: T | undefined, kind: ChangeKind) => void;

export type NotUnderstoodListener = (error: NotUnderstoodError) => void;

export interface InformerOptions extends Omit<ListOptions, 'signal'> {
  logger: Logger;
  backoff?: BackoffOptions;
}

/**
 * A cache of the objects of one kind, kept in step by one watch, which tells first what there is; where the API server
 * cannot do that, a list does. No error ends it: it opens the watch again where it was, begins anew when that is too long
 * ago, and waits longer after every failure. The log hears of the first failure of a row and of its end.
 */
export class Informer<T extends KubeObject> {
  readonly type: ResourceType<T>;
  readonly #store: KubeStore;
  readonly #options: InformerOptions;
  readonly #logger: Logger;
  readonly #backoff: BackoffOptions;
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Set<CacheIndex<T>>();
  readonly #listeners = new Set<ChangeListener<T>>();
  readonly #notUnderstoodListeners = new Set<NotUnderstoodListener>();
  #synced = Promise.withResolvers<void>();
  #failures = 0;
  #reported = false;
  #hasSynced = false;
  #running = false;
  /** Where the next watch begins; undefined where it is to tell what there is. */
  #resourceVersion: string | undefined;
  /** Whether the API server tells in a watch what there is. */
  #watchTellsAll = true;

  constructor(store: KubeStore, type: ResourceType<T>, options: InformerOptions) {
    this.#store = store;
    this.type = type;
    this.#options = options;
    this.#logger = options.logger.child({ informer: type.plural });
    this.#backoff = options.backoff ?? { initialMs: 250, maxMs: 10_000 };
  }

  /** Starts it and waits for the first list. Rejects only when `signal` is aborted before that. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#running) return await this.#synced.promise;
    this.#running = true;
    signal.addEventListener('abort', () => this.#synced.reject(signal.reason), { once: true });
    // The rejection is for those who wait in start(); nobody may be.
    this.#synced.promise.catch(() => {});
    void this.#run(signal).finally(() => {
      this.#running = false;
    });
    await this.#synced.promise;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get(name: string, namespace?: string): T | undefined {
    return this.#objects.get(objectKey(name, namespace));
  }

  /** The object of a queue's key. */
  getByKey(key: string): T | undefined {
    return this.#objects.get(key);
  }

  get size(): number {
    return this.#objects.size;
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  /** Looks objects up by what stands in them. @param keysOf under which keys an object is to be found */
  index(keysOf: (object: T) => readonly string[]): CacheIndex<T> {
    const index = new CacheIndex(keysOf);
    for (const object of this.#objects.values()) index.put(undefined, object);
    this.#indexes.add(index);
    return index;
  }

  /**
   * Calls back on every change from now on; what is cached already is told at once, as added.
   * Returns a function that ends it. What a listener throws is logged.
   */
  onChange(listener: ChangeListener<T>): () => void {
    this.#listeners.add(listener);
    for (const object of this.#objects.values()) this.#notify(listener, object, undefined, 'added');
    return () => this.#listeners.delete(listener);
  }

  /** Calls back, from now on, for every object that is not understood; what was known of it before holds. */
  onNotUnderstood(listener: NotUnderstoodListener): void {
    this.#notUnderstoodListeners.add(listener);
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (!this.#watchTellsAll) this.#resourceVersion ??= await this.#relist(signal);
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (this.#watchTellsAll && this.#resourceVersion === undefined && isUnknownQuery(error)) {
          this.#watchTellsAll = false;
          continue;
        }
        await this.#failed(error, signal);
        const answered = !(error instanceof ApiError && error.code === 0);
        if (isGone(error) || (answered && this.#failures % doubtAfter === 0)) this.#resourceVersion = undefined;
      }
    }
  }

  /** A watch that ends at once without an event is a failure too, or a broken proxy would make this loop spin. */
  async #follow(signal: AbortSignal): Promise<void> {
    const from = this.#resourceVersion;
    // What is known and has not been told of yet.
    let untold = from === undefined ? new Set(this.#objects.keys()) : undefined;
    let isOpen = false;
    let hasLasted = false;
    let timer: NodeJS.Timeout | undefined;
    const recoverSoon = () => {
      timer = setTimeout(() => {
        hasLasted = true;
        this.#recovered();
      }, stableMs);
    };
    const opened = () => {
      isOpen = true;
      if (!untold) recoverSoon();
    };
    const take = (event: WatchEvent<T>) => {
      hasLasted = true;
      this.#take(event);
      if (!untold) {
        this.#recovered();
      } else {
        untold.delete(event.key);
        if (!event.endsInitial) return;
        this.#complete(untold);
        untold = undefined;
        // That it tells what there is does not say that it can be followed.
        recoverSoon();
      }
      this.#resourceVersion = event.resourceVersion;
    };
    try {
      const options = { ...this.#options, signal };
      await watchStream(this.#store.client, this.type, from, options, { opened, event: take });
      if (!hasLasted) throw new Error('the API server closed the watch at once');
      if (untold) throw new Error('the API server closed the watch before it had told what there is');
    } catch (error) {
      // A server that does not bring it to an end is asked for lists.
      if (untold && isOpen) this.#watchTellsAll = false;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #relist(signal: AbortSignal): Promise<string> {
    const unclear: string[] = [];
    const { items, resourceVersion } = await this.#store.list(this.type, { ...this.#options, signal }, (error, key) => {
      this.#ignore(error);
      unclear.push(key);
    });
    // An object that is not understood any more is not gone: what was known of it holds, as it does in a watch.
    const gone = new Set(this.#objects.keys());
    for (const key of unclear) gone.delete(key);
    for (const item of items) {
      gone.delete(keyOf(item));
      this.#put(item);
    }
    this.#complete(gone);
    return resourceVersion;
  }

  /** Everything that there is was told. @param gone the keys of what is not there any more */
  #complete(gone: ReadonlySet<string>): void {
    for (const key of gone) this.#remove(key);
    this.#hasSynced = true;
    this.#synced.resolve();
  }

  #take(event: WatchEvent<T>): void {
    const object = event.object;
    if (object === undefined) return;
    const isClear = !(object instanceof NotUnderstoodError);
    if (event.type === 'DELETED') this.#remove(event.key, isClear ? object : undefined);
    else if (isClear) this.#put(object);
    else this.#ignore(object);
  }

  #ignore(error: NotUnderstoodError): void {
    this.#logger.warn({ err: error }, 'ignoring an object');
    for (const listener of this.#notUnderstoodListeners) listener(error);
  }

  #put(object: T): void {
    const key = keyOf(object);
    const previous = this.#objects.get(key);
    if (previous && previous.metadata.resourceVersion === object.metadata.resourceVersion) return;
    // Deleted and created again while no watch was open: to a listener these are two objects.
    if (previous && previous.metadata.uid !== object.metadata.uid) this.#remove(key);
    const kept = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const index of this.#indexes) index.put(kept, object);
    this.#notifyAll(object, kept, kept ? 'updated' : 'added');
  }

  #remove(key: string, last?: T): void {
    const previous = this.#objects.get(key);
    if (!previous) return;
    this.#objects.delete(key);
    for (const index of this.#indexes) index.put(previous, undefined);
    this.#notifyAll(last ?? previous, previous, 'deleted');
  }

  #notifyAll(object: T, previous: T | undefined, kind: ChangeKind): void {
    for (const listener of this.#listeners) this.#notify(listener, object, previous, kind);
  }

  #notify(listener: ChangeListener<T>, object: T, previous: T | undefined, kind: ChangeKind): void {
    try {
      listener(object, previous, kind);
    } catch (error) {
      this.#logger.error({ err: error, key: keyOf(object) }, 'a listener failed');
    }
  }

  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    this.#failures++;
    // An expired resource version is the ordinary end of a long absence: the first relist needs no delay.
    if (isGone(error) && this.#failures === 1) return;
    if (!this.#reported) this.#logger.warn({ err: error }, 'watch interrupted, trying again');
    this.#reported = true;
    await sleep(backoffDelay(this.#failures, this.#backoff), undefined, { signal }).catch(() => {});
  }

  #recovered(): void {
    if (this.#reported) this.#logger.info({ failures: this.#failures }, 'watch restored');
    this.#reported = false;
    this.#failures = 0;
  }
}

/** As a server answers that does not know, or may not use, a part of the query. */
function isUnknownQuery(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 422 || error.code === 400);
}
