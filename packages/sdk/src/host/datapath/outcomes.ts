/** How far the card is with each object, and who waits for that. */
import { inspect } from 'node:util';
import type { Outcome, ResourceStatus } from '../../contract/data-path.ts';
import { cutText, longestMessage } from '../../cut-text.ts';
import { DpuError, errorCodes } from '../../errors.ts';

const up: Outcome = { state: 'up' };
/** Bytes of a wrong value that a message shows. */
const longestShown = 200;

export class Outcomes {
  readonly #onChange: (name: string) => void;
  /** Those that are not up. */
  readonly #notUp = new Map<string, Outcome>();
  readonly #waiters = new Map<string, Set<() => void>>();

  /** @param onChange Called with an object that is up no more, is again, or waits or fails for another reason. */
  constructor(onChange: (name: string) => void = () => {}) {
    this.#onChange = onChange;
  }

  of(name: string): Outcome {
    return this.#notUp.get(name) ?? up;
  }

  set(name: string, outcome: Outcome): void {
    const isNews = outcome.state !== 'up' || this.#notUp.has(name);
    if (outcome.state === 'up') this.#notUp.delete(name);
    else this.#notUp.set(name, outcome);
    if (outcome.state !== 'pending') this.#wake(name);
    if (isNews) this.#onChange(name);
  }

  /** The object is gone. */
  forget(name: string): void {
    this.#notUp.delete(name);
    this.#wake(name);
  }

  /**
   * Resolves when the object is no longer pending.
   *
   * @throws DpuError DEADLINE_EXCEEDED with what it waits for.
   */
  async settled(name: string, timeoutMs: number): Promise<Outcome> {
    const outcome = this.of(name);
    if (outcome.state !== 'pending') return outcome;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiters = this.#waiters.get(name) ?? new Set();
    this.#waiters.set(name, waiters.add(resolve));
    const timer = setTimeout(() => {
      waiters.delete(resolve);
      const last = this.of(name);
      const reason = last.state === 'pending' ? last.reason : outcome.reason;
      reject(new DpuError('DEADLINE_EXCEEDED', `${name} is not up after ${timeoutMs / 1000} s: ${reason}`));
    }, timeoutMs);
    timer.unref();
    await promise.finally(() => clearTimeout(timer));
    return this.of(name);
  }

  #wake(name: string): void {
    const waiters = this.#waiters.get(name);
    this.#waiters.delete(name);
    for (const wake of waiters ?? []) wake();
  }
}

/** What a plugin answered for an object, its text as long as that of an error; or what is wrong with it. A copy: it is the plugin's. */
export function checkedOutcome(name: string, outcome: Outcome): Outcome {
  switch (outcome?.state) {
    case 'up':
      return up;
    case 'pending':
      if (!isText(outcome.reason)) return wrong(`the reason why ${name} is pending is ${shown(outcome.reason)}`);
      return { state: 'pending', reason: cutText(outcome.reason, longestMessage) };
    case 'failed':
      if (!Object.hasOwn(errorCodes, outcome.code)) return wrong(`the code of ${name} is ${shown(outcome.code)}`);
      if (!isText(outcome.message)) return wrong(`the message of ${name} is ${shown(outcome.message)}`);
      return { state: 'failed', code: outcome.code, message: cutText(outcome.message, longestMessage) };
    default:
      return wrong(`the outcome of ${name} is ${shown(outcome)}`);
  }
}

const isText = (value: unknown): boolean => typeof value === 'string';

/** Of anything at all: JSON has no text for some. */
const shown = (value: unknown): string => cutText(inspect(value, { depth: 1, breakLength: Infinity }), longestShown);

function wrong(what: string): Outcome {
  return { state: 'failed', code: 'INTERNAL', message: `the plugin's answer is wrong: ${what}` };
}

/** Why those of these objects failed that did. */
export function failuresOf(names: Iterable<string>, outcomes: ReadonlyMap<string, Outcome>): Map<string, DpuError> {
  const failures = new Map<string, DpuError>();
  for (const name of names) {
    const outcome = outcomes.get(name);
    if (outcome?.state === 'failed') failures.set(name, new DpuError(outcome.code, outcome.message));
  }
  return failures;
}

/** What an answer tells of an object: OPI's status. */
export function statusOf(outcome: Outcome, isDown: boolean): ResourceStatus {
  switch (outcome.state) {
    case 'up':
      return { operStatus: isDown ? 'DOWN' : 'UP' };
    case 'pending':
      return status('PENDING', { message: outcome.reason });
    case 'failed':
      return status('ERROR', { code: outcome.code, message: outcome.message });
  }
}

function status(state: 'PENDING' | 'ERROR', details: object): ResourceStatus {
  return {
    operStatus: 'DOWN',
    components: [{ name: 'programming', status: state, details: JSON.stringify(details) }],
  };
}
