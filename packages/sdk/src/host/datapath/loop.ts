/**
 * Takes the requests for objects and answers them: one apply at a time, each with all requests that have come meanwhile.
 *
 *   requests -> batch -> perform -> outcomes -> answers
 *                          |           failed: undo, then answer
 *                          throws: undo, then the halves of the batch
 */
import type { Limits } from '../../contract/contract.ts';
import type { Outcome, ResourceStatus } from '../../contract/data-path.ts';
import { DpuError } from '../../errors.ts';
import { type Batch, batchOf, withoutFailed } from './batch.ts';
import { CardSync, type CardSyncOptions } from './card-sync.ts';
import { unknownDeletions } from './changes.ts';
import { failuresOf } from './outcomes.ts';
import type { Progress } from './progress.ts';
import { differing, type Entry, emptyState, restored, type State } from './state.ts';
import { type Request, Requests } from './wanted.ts';

export interface DataPathLoopOptions extends Omit<CardSyncOptions, 'changeMs'> {
  limits?: Limits | undefined;
}

/** Milliseconds that a batch may take of a card that does one change after the other, if it can. */
const batchMs = 1_000;
/** Milliseconds from one reapply to the next. */
const reapplyPauseMs = 1_000;

interface Waiting extends Request {
  resolve: () => void;
  reject: (error: DpuError) => void;
}

export class DataPathLoop {
  readonly requests: Requests;
  readonly #mostAtOnce: number;
  readonly #options: DataPathLoopOptions;
  readonly #sync: CardSync;
  readonly #progress: Progress;
  #waiting: Waiting[] = [];
  /** What an object was before it became pending, by its name. */
  readonly #formers = new Map<string, Entry | undefined>();
  #reapplies = false;
  /** By performance.now(). */
  #reappliedAt = Number.NEGATIVE_INFINITY;
  #reapplyTimer: NodeJS.Timeout | undefined;

  constructor(options: DataPathLoopOptions) {
    this.#options = options;
    const changeMs = 1_000 * (options.limits?.changeSeconds ?? 0);
    this.requests = new Requests(options.limits);
    // Where the others wait for each change, none need wait for more than it must.
    this.#mostAtOnce = Math.max(1, Math.floor(batchMs / changeMs));
    this.#sync = new CardSync({ ...options, changeMs });
    this.#progress = this.#sync.progress;
  }

  get state(): State {
    return this.#sync.state;
  }

  /**
   * Resolves when the card has it, or goes on with it by itself.
   *
   * @throws DpuError why it cannot be; all is as before then.
   */
  request(request: Request): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ ...request, resolve, reject });
    // One for each request: those that it has no room for wait for the next.
    void this.#options.serial.run(() => this.#takeAll());
    return promise;
  }

  /**
   * As `request`, for objects whose answers cannot tell that they are pending: resolves when the object is up.
   *
   * @throws DpuError DEADLINE_EXCEEDED while it is pending: a repeat waits on.
   */
  async requestUp(request: Request): Promise<void> {
    let former: Entry | undefined;
    const recording = {
      ...request,
      fold: (state: State) => {
        former = state.get(request.name);
        return request.fold(state);
      },
    };
    await this.request(recording);
    const { name } = request;
    const made = this.state.get(name);
    // A repeat has made nothing: it goes back to what was before the first.
    if (former !== made) this.#formers.set(name, former);
    const outcome = await this.#progress.settled(name, this.#options.deadlineMs);
    if (this.state.get(name) !== made) {
      throw new DpuError('ABORTED', `${name} was changed or deleted while it was pending; call again`);
    }
    const isFirst = this.#formers.has(name);
    const before = this.#formers.get(name);
    this.#formers.delete(name);
    if (outcome.state !== 'failed') return;
    if (isFirst) await this.request({ name, fold: (state) => restored(state, name, made, before) });
    throw new DpuError(outcome.code, outcome.message);
  }

  /** All that is wanted has been asked for: the plugin is given all of it, and may remove what is not wanted. */
  complete(): Promise<void> {
    return this.#options.serial.run(() => this.#sync.complete());
  }

  /**
   * Takes everything away. To be called by what holds the serial.
   *
   * @returns what puts it back
   */
  async empty(): Promise<() => Promise<void>> {
    const { state: former } = this;
    const { isComplete: wasComplete } = this.#sync;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const name = 'everything';
    // Nothing that the host does not know of is to stay either.
    await this.#try([{ name, fold: () => emptyState, resolve, reject }], true);
    await promise;
    this.#sync.isComplete = true;
    return () => this.#sync.restore(former, wasComplete);
  }

  /** Gives the plugin all that is wanted again. One that asks for it in each apply would leave no time for anything else. */
  reapply(): void {
    if (this.#reapplies || this.#options.stopping.aborted) return;
    this.#reapplies = true;
    const pauseMs = this.#reappliedAt + reapplyPauseMs - performance.now();
    if (pauseMs <= 0) this.#reapplyNow();
    else this.#reapplyTimer = setTimeout(() => this.#reapplyNow(), pauseMs).unref();
  }

  #reapplyNow(): void {
    void this.#options.serial.run(async () => {
      this.#reapplies = false;
      this.#reappliedAt = performance.now();
      await this.#sync.mend();
    });
  }

  /** What an answer tells of these objects. */
  statuses(names: readonly string[]): Promise<Map<string, ResourceStatus>> {
    return this.#progress.statuses(this.state, names);
  }

  /** Ends what is to be tried again. */
  close(): void {
    clearTimeout(this.#reapplyTimer);
    this.#sync.close();
  }

  async #takeAll(): Promise<void> {
    const taken = this.#waiting.splice(0, this.#mostAtOnce);
    if (taken.length > 0) await this.#try(taken, this.#sync.isComplete);
  }

  async #try(requests: readonly Waiting[], complete: boolean): Promise<void> {
    const before = this.state;
    const batch = batchOf(before, requests);
    const { next, accepted, refused, later } = batch;
    // Not known, and yet perhaps on the card from before a restart: it goes there, and is answered as not found.
    const unheard = complete
      ? []
      : refused.filter(({ request, error }) => request.deletes && error.code === 'NOT_FOUND');
    const answerRefused = (those: typeof refused) => {
      for (const { request, error } of those) request.reject(error);
    };
    answerRefused(refused.filter((each) => !unheard.includes(each)));
    if (later.length > 0) {
      this.#waiting.unshift(...later);
      void this.#options.serial.run(() => this.#takeAll());
    }
    const names = new Set(batch.names);
    // A repeat of what has failed is another try.
    for (const { name } of accepted) if (this.#progress.of(name).state === 'failed') names.add(name);
    const deletions = [...accepted, ...unheard.map(({ request }) => request)];
    const unknown = complete ? new Map() : unknownDeletions(before, deletions);
    for (const name of unknown.keys()) names.add(name);
    if (names.size === 0 && complete === this.#sync.isComplete) {
      for (const { resolve } of accepted) resolve();
      return;
    }
    let outcomes: Map<string, Outcome>;
    try {
      outcomes = await this.#sync.perform({ next, names, complete, unknown });
    } catch (thrown) {
      answerRefused(unheard.map(({ request }) => ({ request, error: DpuError.from(thrown) })));
      await this.#afterThrow(thrown, batch, complete);
      return;
    }
    const { kept, failed } = withoutFailed(before, batch, failuresOf(names, outcomes));
    this.#sync.keep(kept);
    answerRefused(unheard);
    for (const request of accepted) if (!failed.has(request)) request.resolve();
    await this.#sync.undo(differing(next, kept), next);
    for (const [{ reject }, error] of failed) reject(error);
  }

  /** Which of the requests it was shows when each half comes alone. */
  async #afterThrow(thrown: unknown, { next, accepted, names }: Batch<Waiting>, complete: boolean): Promise<void> {
    const { stopping, logger } = this.#options;
    const error = DpuError.from(thrown);
    if (error.code === 'INTERNAL') logger.error({ err: thrown }, 'apply failed');
    const answerAll = (answer: DpuError) => {
      for (const { reject } of accepted) reject(answer);
    };
    if (stopping.aborted) {
      answerAll(new DpuError('UNAVAILABLE', `the VSP shuts down; call again: ${error.message}`));
      return;
    }
    if (this.#sync.isHung) {
      answerAll(error);
      return;
    }
    const isUndone = await this.#sync.undo(names, next);
    // Of a card that does not answer, no half would be another.
    const isAway = !isUndone || error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED';
    if (accepted.length === 1 || isAway) {
      answerAll(error);
      return;
    }
    const half = Math.ceil(accepted.length / 2);
    await this.#try(accepted.slice(0, half), complete);
    await this.#try(accepted.slice(half), complete);
  }
}
