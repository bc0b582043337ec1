/**
 * What is wanted, and the card that is to match it: performs steps, undoes what failed, and tries again later what could
 * not be undone.
 */
import type { Outcome } from '../../contract/data-path.ts';
import type { Serial } from '../../contract/serial.ts';
import { DpuError } from '../../errors.ts';
import { Card, type CardOptions } from './card.ts';
import { changesOf, type UnknownDeletions } from './changes.ts';
import { Progress } from './progress.ts';
import { type Entry, emptyState, type State } from './state.ts';

export interface CardSyncOptions extends Omit<CardOptions, 'onReport'> {
  /** Shared with all that must not run beside an apply. */
  serial: Serial;
  /** Called with the name of an object with which the card is at another point than before. */
  onProgress?: (name: string) => void;
}

/** From what is wanted to what is to be. */
export interface NextStep {
  next: State;
  /** The objects to tell the plugin of. */
  names: Iterable<string>;
  /** Whether `next` is all that is wanted. */
  complete: boolean;
  unknown?: UnknownDeletions;
}

/** Milliseconds until what could not be undone is tried again; doubles. */
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;
/** Milliseconds for which the card must have matched until a new fault counts as the first. */
const stableMs = 60_000;
/** Names in reports that the log hears of: whoever makes some up may make up many. */
const mostUnknown = 100;

/** All that returns a promise is to be called by what holds the serial. */
export class CardSync {
  readonly progress: Progress;
  /** Whether the plugin has been given all that is wanted: from then on it may remove what is not. */
  isComplete = false;
  readonly #options: CardSyncOptions;
  readonly #card: Card;
  #state = emptyState;
  /** What failed and is not undone yet: name -> what was tried. */
  readonly #tried = new Map<string, Entry | undefined>();
  /** The objects of the last step. */
  #asked: ReadonlySet<string> = new Set();
  /** Names that the plugin has reported and nobody wants. */
  readonly #unknown = new Set<string>();
  /** Reports of objects that are not wanted yet: their request is being answered. */
  readonly #early = new Map<string, { call: number; outcome: Outcome }>();
  #retryMs = firstRetryMs;
  /** By performance.now(); undefined while it does not. */
  #matchesSince: number | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: CardSyncOptions) {
    this.#options = options;
    this.#card = new Card({
      ...options,
      onReport: (call, name, outcome) => {
        if (!this.#state.has(name)) {
          if (this.#asked.has(name)) this.#early.set(name, { call, outcome });
          else this.#reportedUnknown(name);
          return;
        }
        this.progress.reported(call, name, outcome);
        // Whoever asked for it had an answer: nobody may ask again.
        if (outcome.state === 'failed' && !this.#retry) this.#mendFailed();
      },
    });
    this.progress = new Progress({
      askDown: (wanted) => this.#card.down(wanted),
      onProgress: options.onProgress,
      logger: options.logger,
    });
  }

  /** What is wanted. */
  get state(): State {
    return this.#state;
  }

  /** Whether a call took too long: a new process is the only help. */
  get isHung(): boolean {
    return this.#card.isHung;
  }

  /**
   * Has the card match `next`. What is wanted stays as it is until {@link keep}.
   *
   * @returns what was answered of each object; what is not named is up
   * @throws DpuError what the plugin throws: nothing of it was done, as far as it says.
   */
  async perform({ next, names, complete, unknown = new Map() }: NextStep): Promise<Map<string, Outcome>> {
    const all = new Set(names);
    const changed = changesOf({ before: this.#state, after: next, tried: this.#tried, names: all, unknown });
    this.#early.clear();
    this.#asked = all;
    const { call, outcomes, taken } = await this.#card.apply(next, changed, complete);
    taken();
    // Of what is wanted no more, and was not there before, there is nothing to undo.
    for (const name of all) if (!changed.some((change) => change.name === name)) this.#tried.delete(name);
    for (const { name } of changed) {
      // Of what was tried before, only what failed again is still to be undone.
      if (outcomes.get(name)?.state !== 'failed') this.#tried.delete(name);
      if (next.has(name)) this.progress.answered(name, outcomes.get(name) ?? { state: 'up' }, call);
      else this.progress.forget(name);
    }
    for (const [name, outcome] of outcomes) {
      if (next.has(name)) this.progress.answered(name, outcome);
      else if (!all.has(name)) this.#reportedUnknown(name);
    }
    return outcomes;
  }

  /** This is wanted from now on. */
  keep(state: State): void {
    const before = this.#state;
    this.#state = state;
    for (const name of before.keys()) if (!state.has(name)) this.progress.forget(name);
    for (const [name, { call, outcome }] of this.#early) {
      if (state.has(name)) this.progress.reported(call, name, outcome);
    }
    this.#early.clear();
    // Neighbours that the card has lost meanwhile.
    this.#mendFailed();
  }

  /**
   * Has the card have these again as they are wanted, after it was tried to have them as in `failed`. What does not
   * succeed is tried again later.
   *
   * @returns whether all of it succeeded
   */
  async undo(names: Iterable<string>, failed: State): Promise<boolean> {
    const all = [...names];
    for (const name of all) this.#tried.set(name, failed.get(name));
    if (all.length === 0 || this.#options.stopping.aborted) return true;
    try {
      await this.perform({ next: this.#state, names: all, complete: this.isComplete });
      if (!all.some((name) => this.#tried.has(name))) return true;
      this.#mendLater(`${all.join(', ')} could not be undone`);
    } catch (error) {
      this.#mendLater(DpuError.from(error).message);
    }
    return false;
  }

  /** Has the card have all of this again, which was wanted before. */
  async restore(state: State, isComplete: boolean): Promise<void> {
    this.keep(state);
    this.isComplete = isComplete;
    await this.mend();
  }

  /** The plugin is given all of it, once, and may remove what is not wanted. @throws DpuError what the plugin throws */
  async complete(): Promise<void> {
    if (this.isComplete) return;
    await this.#performAll(true);
    this.isComplete = true;
    this.#mendFailed();
  }

  /** Has the card match all that is wanted; where it does not, again later. */
  async mend(): Promise<void> {
    try {
      await this.#performAll(this.isComplete);
      if (this.#tried.size > 0) this.#mendLater(`${[...this.#tried.keys()].join(', ')} could not be undone`);
      else if (!this.#mendFailed()) this.#matchesSince = performance.now();
    } catch (error) {
      this.#mendLater(DpuError.from(error).message);
    }
  }

  /** Ends what is to be tried again. */
  close(): void {
    clearTimeout(this.#retry);
  }

  async #performAll(complete: boolean): Promise<void> {
    const names = [...this.#state.keys(), ...this.#tried.keys()];
    await this.perform({ next: this.#state, names, complete });
  }

  /** Told once of each name: a plugin that spells one otherwise than it was given has its pods wait for nothing. */
  #reportedUnknown(name: string): void {
    if (this.#unknown.has(name) || this.#unknown.size === mostUnknown) return;
    this.#unknown.add(name);
    this.#options.logger.warn({ name }, 'the plugin reports an object that is not wanted: that counts for nothing');
  }

  /** @returns whether there is something that is wanted and has failed */
  #mendFailed(): boolean {
    const failed = [...this.#state.keys()].filter((name) => this.progress.of(name).state === 'failed');
    if (failed.length > 0) this.#mendLater(`${failed.join(', ')} failed`);
    return failed.length > 0;
  }

  /** One that is planned stays: neither new requests nor a plugin that repeats itself put it off. */
  #mendLater(reason: string): void {
    const { stopping, serial, logger } = this.#options;
    if (this.#retry || stopping.aborted || this.isHung) return;
    if (this.#matchesSince !== undefined && performance.now() - this.#matchesSince >= stableMs) {
      this.#retryMs = firstRetryMs;
    }
    this.#matchesSince = undefined;
    logger.warn({ reason, retryMs: this.#retryMs }, 'the card does not match what is wanted; it is tried again');
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      void serial.run(() => this.mend());
    }, this.#retryMs);
    this.#retry.unref();
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }
}
