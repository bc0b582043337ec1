/**
 * Makes one target hold what it shall. A restart of the daemon, a VSP or peer that was away, and a call without an
 * answer are one case: {@link Reconciler.connect}, after which nothing is taken for granted.
 *
 * One pass decides ({@link plan}), starts calls and ends; each answer is followed by the next pass. Calls that do not
 * depend on each other are in flight together. One that failed is tried again by itself, later each time, and holds
 * up no other. A caller waits for its own item ({@link Reconciler.ensure}), which goes first. What a target says that it
 * has lost by itself is made again.
 */
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import { gone, type Presence, there, unknown } from '../presence.ts';
import { Failures } from './failures.ts';
import { bridgePortKey, type Item, keyOf, sameItem } from './items.ts';
import { type Action, plan, type Wish } from './plan.ts';
import { isProgrammed } from './port-up.ts';
import { outcomeUnknown, type Target } from './target.ts';
import { type EnsureOptions, Waiters } from './waiters.ts';

/** What a target shall hold, from records on disk, and what it is known to have been told. */
export interface DesiredItems {
  /** As they are now, one for a key. @param held the target's bridge ports, as far as it was asked or told */
  wishes(held: readonly BridgePort[]): readonly Wish[];
  /** Before the target hears of it: what must survive a crash of this daemon meanwhile. */
  beforeCall?(action: Action): Promise<void>;
  acknowledged(action: Action): Promise<void>;
  failed?(action: Action, error: DpuError): Promise<void>;
}

export interface ReconcilerOptions {
  desired: DesiredItems;
  logger: Logger;
  /**
   * Called once after each {@link Reconciler.connect}: the target holds all that is wished and has dropped what was to
   * go. Never while something of it failed.
   */
  onReplayed?: () => void;
  /** Of the target, for errors: `the DPU's VSP is not ready; see its vsp pod`. */
  disconnected: string;
}

/** Calls in flight together: enough for the pods that a kubelet starts at once. */
const concurrency = 16;

/** What is known of a target since it started. */
class Session {
  readonly actual = new Map<string, Presence<Item>>();
  readonly inFlight = new Set<string>();
  readonly failures = new Failures();
  readonly target: Target;
  readonly started = Promise.withResolvers<void>();
  starting = true;
  /** It has been told everything since it started, and has taken it. */
  isReplayed = false;
  /** It has said which bridge ports it has: one that it did not name is absent. */
  isListed = false;
  /** Those among them that the card is not done with, or failed with: to be created again, which waits and tells. */
  readonly #unprogrammed = new Map<string, BridgePort>();

  constructor(target: Target) {
    this.target = target;
  }

  take(ports: readonly BridgePort[]): void {
    this.isListed = true;
    for (const port of ports) {
      const key = bridgePortKey(port.name);
      if (isProgrammed(port)) this.actual.set(key, there({ kind: 'bridgePort', port }));
      else {
        this.#unprogrammed.set(key, port);
        this.actual.set(key, unknown('the card is not done with it'));
      }
    }
  }

  /** It has answered a call. */
  learn(key: string, presence: Presence<Item>): void {
    this.actual.set(key, presence);
    this.#unprogrammed.delete(key);
  }

  presence(item: Item): Presence<Item> {
    const known = this.actual.get(keyOf(item));
    if (known) return known;
    return this.isListed && item.kind === 'bridgePort' ? gone : unknown('it was not asked since it started');
  }

  bridgePorts(): BridgePort[] {
    return [...this.actual].flatMap(([key, known]) => {
      if (known.is === 'unknown') return this.#unprogrammed.get(key) ?? [];
      return known.is === 'there' && known.value.kind === 'bridgePort' ? known.value.port : [];
    });
  }
}

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #waiters = new Waiters();
  #session: Session | undefined;
  /** The target that is being listed, or was last. */
  #connecting: Session | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#session !== undefined;
  }

  /**
   * A target has started, or is back. Resolves when everything has been tried once; what it refuses is logged and
   * tried again.
   *
   * @throws DpuError when it cannot be listed, or is lost meanwhile
   */
  async connect(target: Target): Promise<void> {
    if (this.#closed) {
      target.close?.();
      throw stopping();
    }
    this.#endSession();
    const session = new Session(target);
    this.#connecting = session;
    target.watch?.((relapses) => this.#relapsed(session, relapses));
    const listed = await target.listBridgePorts();
    if (listed) session.take(listed);
    if (this.#connecting === session) {
      this.#session = session;
      this.reconcile();
      await session.started.promise;
    }
    if (this.#session !== session) throw new DpuError('UNAVAILABLE', 'it was lost meanwhile');
  }

  /** The target is lost; what its calls answer counts no more. Callers wait on unless they did not want to. */
  disconnect(): void {
    this.#endSession();
    this.#waiters.disconnected(new DpuError('UNAVAILABLE', this.#options.disconnected));
  }

  /** Those who wait have waited in vain. */
  rejectAll(error: DpuError): void {
    this.#waiters.rejectAll(error);
  }

  /**
   * Resolves when the target holds, or has dropped, what its owner wishes of this key.
   *
   * @throws DpuError what the target answered; UNAVAILABLE without a target, DEADLINE_EXCEEDED
   */
  async ensure(key: string, options: EnsureOptions = {}): Promise<void> {
    const done = this.#waiters.add(key, options);
    this.#session?.failures.retryNow(key);
    if (this.#session) this.reconcile();
    else this.#waiters.disconnected(new DpuError('UNAVAILABLE', this.#options.disconnected));
    await done;
  }

  /** Why the target does not hold this yet; undefined where it does. */
  whyMissing(item: Item): string | undefined {
    const session = this.#session;
    if (!session) return this.#options.disconnected;
    const known = session.presence(item);
    if (known.is === 'there' && sameItem(known.value, item)) return undefined;
    return session.failures.message(keyOf(item)) ?? 'it is being asked for';
  }

  /** Wishes may have changed. */
  reconcile(): void {
    const session = this.#session;
    if (session && !this.#closed) this.#pass(session);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.disconnect();
    this.#waiters.rejectAll(stopping());
  }

  #pass(session: Session): void {
    const now = performance.now();
    const failed = session.failures.keys();
    const { pending, runnable } = plan(this.#options.desired.wishes(session.bridgePorts()), {
      actual: (item) => session.presence(item),
      inFlight: session.inFlight,
      failed,
      backingOff: session.failures.backingOff(now),
      starting: session.starting,
    });
    for (const key of this.#waiters.keys()) {
      if (!pending.has(key) && !session.inFlight.has(key)) this.#waiters.resolve(key);
    }
    const urgent = (action: Action) => (this.#waiters.has(keyOf(action.item)) ? 0 : 1);
    const room = concurrency - session.inFlight.size;
    const next = [...runnable].sort((a, b) => urgent(a) - urgent(b)).slice(0, room);
    for (const action of next) void this.#attempt(session, action);
    const isTried = [...pending.keys()].every((key) => failed.has(key));
    if (session.starting && isTried && session.inFlight.size === 0) {
      session.starting = false;
      session.started.resolve();
    }
    if (!session.isReplayed && pending.size === 0 && session.inFlight.size === 0) {
      session.isReplayed = true;
      this.#options.onReplayed?.();
    }
    this.#wakeForRetry(session, now);
  }

  async #attempt(session: Session, action: Action): Promise<void> {
    const { desired, logger } = this.#options;
    const key = keyOf(action.item);
    session.inFlight.add(key);
    const waiting = this.#waiters.of(key);
    let performed = false;
    try {
      await desired.beforeCall?.(action);
      await session.target.perform(action);
      performed = true;
      if (session !== this.#session) return;
      session.learn(key, action.call === 'delete' ? gone : there(action.item));
      session.failures.over(key);
      await desired.acknowledged(action);
      // What it freed may be what others were refused for.
      if (action.call === 'delete') session.failures.retryAllNow();
    } catch (thrown) {
      const error = DpuError.from(thrown);
      if (session !== this.#session) return;
      // What was refused changed nothing, unless it was to take two calls.
      const half = performed || (action.call === 'replace' && action.item.kind !== 'chain');
      if (half || outcomeUnknown(error)) session.actual.set(key, unknown(error.message));
      await desired.failed?.(action, error).catch((err) => logger.error({ err, item: key }, 'cannot write a record'));
      this.#waiters.failed(waiting, error);
      this.#retryLater(session, action, error);
    } finally {
      session.inFlight.delete(key);
      if (session === this.#session) this.reconcile();
    }
  }

  /** The target had them, and does not any more. Somebody who waits for one now hears of that by the call. */
  #relapsed(session: Session, relapses: ReadonlyMap<string, DpuError>): void {
    if (session !== this.#session) return;
    const wishes = this.#options.desired.wishes(session.bridgePorts());
    const held = new Map(wishes.flatMap(({ order, item }) => (order === 'hold' ? [[keyOf(item), item]] : [])));
    for (const [name, error] of relapses) {
      const key = bridgePortKey(name);
      const item = held.get(key);
      if (!item || session.inFlight.has(key) || session.actual.get(key)?.is !== 'there') continue;
      session.actual.set(key, unknown(error.message));
      this.#retryLater(session, { call: 'create', item }, error);
    }
    this.reconcile();
  }

  #retryLater(session: Session, { call, item }: Action, error: DpuError): void {
    const key = keyOf(item);
    // Somebody may have come for it meanwhile.
    const isNews = session.failures.add(key, error.message, this.#waiters.has(key));
    if (isNews) this.#options.logger.warn({ err: error, item: key, call }, 'not done; it is tried again');
  }

  /** One timer for the next of those that this pass left out because it is not their time yet. */
  #wakeForRetry(session: Session, now: number): void {
    clearTimeout(this.#timer);
    const next = session.failures.nextRetry(now);
    if (next === undefined) return;
    this.#timer = setTimeout(() => this.reconcile(), next - now + 1);
    this.#timer.unref();
  }

  #endSession(): void {
    this.#session?.started.resolve();
    this.#connecting?.target.close?.();
    this.#session = undefined;
    this.#connecting = undefined;
  }
}

const stopping = (): DpuError => new DpuError('CANCELLED', 'the daemon is stopping');
