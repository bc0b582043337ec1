/**
 * Takes the requests for objects and answers them: one apply at a time, each with all requests that have come meanwhile.
 *
 *   requests -> batch -> perform -> outcomes -> answers
 *                          |           failed: undo, then answer
 *                          throws: undo, then the halves of the batch
 */
import type { Limits } from '../../contract.ts';
import type { Outcome, ResourceStatus } from '../../data-path.ts';
import { DpuError } from '../../errors.ts';
import { type Batch, batchOf, withoutFailed } from './batch.ts';
import { CardSync, type CardSyncOptions } from './card-sync.ts';
import { unknownDeletions } from './changes.ts';
import { failuresOf } from './outcomes.ts';
import type { Progress } from './progress.ts';
import { differing, type Entry, emptyState, restored, type State } from './state.ts';
import { type Request, Requests } from './wanted.ts';

export interface DataPathLoopOptions extends CardSyncOptions {
  limits?: Limits | undefined;
}

interface Waiting extends Request {
  resolve: () => void;
  reject: (error: DpuError) => void;
}

export class DataPathLoop {
  readonly requests: Requests;
  readonly #options: DataPathLoopOptions;
  readonly #sync: CardSync;
  readonly #progress: Progress;
  #waiting: Waiting[] = [];
  #reapplies = false;

  constructor(options: DataPathLoopOptions) {
    this.#options = options;
    this.requests = new Requests(options.limits);
    this.#sync = new CardSync(options);
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
    const made = this.state.get(request.name);
    const outcome = await this.#progress.settled(request.name, this.#options.deadlineMs);
    if (outcome.state !== 'failed') return;
    // A repeat has made nothing.
    if (former !== made) {
      await this.request({ name: request.name, fold: (state) => restored(state, request.name, made, former) });
    }
    throw new DpuError(outcome.code, outcome.message);
  }

  /** All that is wanted has been asked for: the plugin is given all of it, and may remove what is not wanted. */
  complete(): Promise<void> {
    return this.#options.serial.run(() => this.#sync.complete());
  }

  /** Takes everything away. To be called by what holds the serial. */
  async empty(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const name = 'everything';
    // Nothing that the host does not know of is to stay either.
    await this.#try([{ name, fold: () => emptyState, resolve, reject }], true);
    await promise;
    this.#sync.isComplete = true;
  }

  /** Gives the plugin all that is wanted again. */
  reapply(): void {
    if (this.#reapplies) return;
    this.#reapplies = true;
    void this.#options.serial.run(async () => {
      this.#reapplies = false;
      await this.#sync.mend();
    });
  }

  /** What an answer tells of these objects. */
  statuses(names: readonly string[]): Promise<Map<string, ResourceStatus>> {
    return this.#progress.statuses(this.state, names);
  }

  /** Ends what is to be tried again. */
  close(): void {
    this.#sync.close();
  }

  async #takeAll(): Promise<void> {
    const taken = this.#waiting;
    this.#waiting = [];
    if (taken.length > 0) await this.#try(taken, this.#sync.isComplete);
  }

  async #try(requests: readonly Waiting[], complete: boolean): Promise<void> {
    const before = this.state;
    const batch = batchOf(before, requests);
    const { next, accepted, refused, later } = batch;
    for (const { request, error } of refused) request.reject(error);
    if (later.length > 0) {
      this.#waiting.unshift(...later);
      void this.#options.serial.run(() => this.#takeAll());
    }
    const names = new Set(batch.names);
    // A repeat of what has failed is another try.
    for (const { name } of accepted) if (this.#progress.of(name).state === 'failed') names.add(name);
    const unknown = complete ? new Map() : unknownDeletions(before, accepted);
    for (const name of unknown.keys()) names.add(name);
    if (names.size === 0 && complete === this.#sync.isComplete) {
      for (const { resolve } of accepted) resolve();
      return;
    }
    let outcomes: Map<string, Outcome>;
    try {
      outcomes = await this.#sync.perform({ next, names, complete, unknown });
    } catch (thrown) {
      await this.#afterThrow(thrown, batch, complete);
      return;
    }
    const { kept, failed } = withoutFailed(before, batch, failuresOf(names, outcomes));
    this.#sync.keep(kept);
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
    await this.#sync.undo(names, next);
    if (accepted.length === 1) {
      answerAll(error);
      return;
    }
    const half = Math.ceil(accepted.length / 2);
    await this.#try(accepted.slice(0, half), complete);
    await this.#try(accepted.slice(half), complete);
  }
}
