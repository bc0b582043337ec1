/**
 * Keeps the wanted state and has the plugin make the card match it: one apply at a time, each with all requests that have
 * come meanwhile.
 *
 *   requests -> batch -> apply -> outcomes -> answers
 *                          |         failed: undo, then answer
 *                          throws: undo, then the halves of the batch
 */
import type { Limits, Logger } from '../../contract.ts';
import type { DataPath, Outcome, ResourceStatus } from '../../data-path.ts';
import { DpuError } from '../../errors.ts';
import { type Batch, batchOf, withoutFailed } from './batch.ts';
import { Card } from './card.ts';
import { changesOf } from './changes.ts';
import { Outcomes, statusOf } from './outcomes.ts';
import type { Serial } from './serial.ts';
import { differing, type Entry, emptyState, type State, wantedOf } from './state.ts';
import { type Request, Requests } from './wanted.ts';

export interface DataPathLoopOptions {
  dataPath: DataPath;
  limits?: Limits | undefined;
  /** Shared with all that must not run beside an apply. */
  serial: Serial;
  deadlineMs: number;
  /** Aborted on SIGTERM. */
  stopping: AbortSignal;
  onHung: (error: DpuError) => void;
  logger: Logger;
}

interface Waiting extends Request {
  resolve: () => void;
  reject: (error: DpuError) => void;
}

/** Milliseconds until what could not be undone is tried again; doubles. */
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

export class DataPathLoop {
  readonly requests: Requests;
  readonly #options: DataPathLoopOptions;
  readonly #card: Card;
  readonly #outcomes = new Outcomes();
  #state = emptyState;
  /** What failed and is not undone yet: name -> what was tried. */
  readonly #tried = new Map<string, Entry | undefined>();
  /** Name -> the last call that told of it. A report of an earlier call is out of date. */
  readonly #told = new Map<string, number>();
  #waiting: Waiting[] = [];
  #complete = false;
  #reapplies = false;
  #retryMs = firstRetryMs;
  #retry: NodeJS.Timeout | undefined;
  #down: { state: State; names: Promise<ReadonlySet<string>> } | undefined;

  constructor(options: DataPathLoopOptions) {
    const onReport = (call: number, name: string, outcome: Outcome) => this.#report(call, name, outcome);
    this.#options = options;
    this.requests = new Requests(options.limits);
    this.#card = new Card({ ...options, onReport });
  }

  get state(): State {
    return this.#state;
  }

  /**
   * Resolves when the card has it, or goes on with it by itself.
   *
   * @throws DpuError why it cannot be; all is as before then.
   */
  request(request: Request): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ ...request, resolve, reject });
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
    const made = this.#state.get(request.name);
    const outcome = await this.#outcomes.settled(request.name, this.#options.deadlineMs);
    if (outcome.state !== 'failed') return;
    // A repeat has made nothing.
    if (former !== made) {
      await this.request({ name: request.name, fold: (state) => restored(state, request.name, made, former) });
    }
    throw new DpuError(outcome.code, outcome.message);
  }

  /** All that is wanted has been asked for: the plugin is given all of it, and may remove what is not wanted. */
  complete(): Promise<void> {
    return this.#options.serial.run(async () => {
      if (this.#complete) return;
      await this.#applyAll(true);
      this.#complete = true;
    });
  }

  /** Takes everything away. To be called by what holds the serial. */
  async empty(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const name = 'everything';
    // Nothing that the host does not know of is to stay either.
    await this.#try([{ name, fold: () => emptyState, resolve, reject }], true);
    await promise;
    this.#complete = true;
  }

  /** Gives the plugin all that is wanted again. */
  reapply(): void {
    if (this.#reapplies) return;
    this.#reapplies = true;
    void this.#options.serial.run(async () => {
      this.#reapplies = false;
      await this.#mend();
    });
  }

  /** What an answer tells of these objects. */
  async statuses(names: readonly string[]): Promise<Map<string, ResourceStatus>> {
    const down = await this.#downNow();
    return new Map(names.map((name) => [name, statusOf(this.#outcomes.of(name), down.has(name))]));
  }

  /** Ends what is to be tried again. */
  close(): void {
    clearTimeout(this.#retry);
  }

  async #takeAll(): Promise<void> {
    const taken = this.#waiting;
    this.#waiting = [];
    if (taken.length > 0) await this.#try(taken, this.#complete);
  }

  async #try(requests: readonly Waiting[], complete: boolean): Promise<void> {
    const before = this.#state;
    const batch = batchOf(before, requests);
    const { next, accepted, refused, later } = batch;
    for (const { request, error } of refused) request.reject(error);
    if (later.length > 0) {
      this.#waiting.unshift(...later);
      void this.#options.serial.run(() => this.#takeAll());
    }
    const names = new Set(batch.names);
    // A repeat of what has failed is another try.
    for (const { name } of accepted) if (this.#outcomes.of(name).state === 'failed') names.add(name);
    const unknown = complete ? new Map() : unknownDeletions(before, accepted);
    for (const name of unknown.keys()) names.add(name);
    if (names.size === 0 && complete === this.#complete) {
      for (const { resolve } of accepted) resolve();
      return;
    }
    let outcomes: Map<string, Outcome>;
    try {
      outcomes = await this.#apply(before, next, names, complete, unknown);
    } catch (thrown) {
      await this.#afterThrow(thrown, batch, complete);
      return;
    }
    const { kept, failed } = withoutFailed(before, batch, failuresOf(names, outcomes));
    this.#state = kept;
    for (const name of before.keys()) if (!kept.has(name)) this.#forget(name);
    for (const request of accepted) if (!failed.has(request)) request.resolve();
    await this.#undo(differing(next, kept), next);
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
    if (this.#card.isHung) {
      answerAll(error);
      return;
    }
    await this.#undo(names, next);
    if (accepted.length === 1) {
      answerAll(error);
      return;
    }
    const half = Math.ceil(accepted.length / 2);
    await this.#try(accepted.slice(0, half), complete);
    await this.#try(accepted.slice(half), complete);
  }

  /**
   * Has the card have these again as they are wanted, after it was tried to have them as in `failed`. What does not
   * succeed is tried again later.
   */
  async #undo(names: Iterable<string>, failed: State): Promise<void> {
    const all = [...names];
    for (const name of all) this.#tried.set(name, failed.get(name));
    if (all.length === 0 || this.#options.stopping.aborted) return;
    try {
      await this.#apply(this.#state, this.#state, all, this.#complete);
      if (all.some((name) => this.#tried.has(name))) this.#mendLater(`${all.join(', ')} could not be undone`);
    } catch (error) {
      this.#mendLater(DpuError.from(error).message);
    }
  }

  /** Has the card match all that is wanted; where it does not, again later. */
  async #mend(): Promise<void> {
    try {
      await this.#applyAll(this.#complete);
      if (this.#tried.size > 0) this.#mendLater(`${[...this.#tried.keys()].join(', ')} could not be undone`);
      else this.#retryMs = firstRetryMs;
    } catch (error) {
      this.#mendLater(DpuError.from(error).message);
    }
  }

  #mendLater(reason: string): void {
    const { stopping, serial, logger } = this.#options;
    if (stopping.aborted || this.#card.isHung) return;
    logger.warn({ reason, retryMs: this.#retryMs }, 'the card does not match what is wanted; it is tried again');
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void serial.run(() => this.#mend()), this.#retryMs);
    this.#retry.unref();
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }

  async #applyAll(complete: boolean): Promise<void> {
    await this.#apply(this.#state, this.#state, [...this.#state.keys(), ...this.#tried.keys()], complete);
  }

  /** Has what was answered of each object. Of what was tried before, only what failed again is still to be undone. */
  async #apply(
    before: State,
    next: State,
    names: Iterable<string>,
    complete: boolean,
    unknown: UnknownDeletions = new Map(),
  ): Promise<Map<string, Outcome>> {
    const changed = changesOf({ before, after: next, tried: this.#tried, names, unknown });
    const { call, outcomes } = await this.#card.apply(wantedOf(next), changed, complete);
    for (const { name } of changed) {
      if (outcomes.get(name)?.state !== 'failed') this.#tried.delete(name);
      if (next.has(name)) {
        this.#told.set(name, call);
        this.#outcomes.set(name, outcomes.get(name) ?? { state: 'up' });
      } else this.#forget(name);
    }
    for (const [name, outcome] of outcomes) if (next.has(name)) this.#outcomes.set(name, outcome);
    return outcomes;
  }

  #report(call: number, name: string, outcome: Outcome): void {
    if (!this.#state.has(name) || (this.#told.get(name) ?? 0) > call) return;
    this.#outcomes.set(name, outcome);
    this.#options.logger.debug({ name, ...outcome }, 'reported');
  }

  #forget(name: string): void {
    this.#outcomes.forget(name);
    this.#told.delete(name);
  }

  /** One question for all that ask at the same time. */
  #downNow(): Promise<ReadonlySet<string>> {
    if (this.#down?.state !== this.#state) {
      const names = this.#card.down(wantedOf(this.#state));
      const asked = { state: this.#state, names };
      this.#down = asked;
      const answered = () => {
        if (this.#down === asked) this.#down = undefined;
      };
      names.then(answered, answered);
    }
    return this.#down.names;
  }
}

function failuresOf(names: Iterable<string>, outcomes: ReadonlyMap<string, Outcome>): Map<string, DpuError> {
  const failures = new Map<string, DpuError>();
  for (const name of names) {
    const outcome = outcomes.get(name);
    if (outcome?.state === 'failed') failures.set(name, new DpuError(outcome.code, outcome.message));
  }
  return failures;
}

type UnknownDeletions = ReadonlyMap<string, NonNullable<Request['deletes']>>;

/** What is to go that the host was not told of since the start, and the card may have from before. */
function unknownDeletions(state: State, requests: readonly Request[]): UnknownDeletions {
  const deletions = requests.flatMap(({ name, deletes }) =>
    deletes && !state.has(name) ? [[name, deletes] as const] : [],
  );
  return new Map(deletions);
}

/** The state as it was before `made`, unless the object is another by now. */
function restored(state: State, name: string, made: Entry | undefined, former: Entry | undefined): State {
  if (state.get(name) !== made) return state;
  const next = new Map(state);
  if (former) next.set(name, former);
  else next.delete(name);
  return next;
}
