/** Callers that wait for an item of theirs. */
import { DpuError } from '@dpu-operator/sdk';
import { outcomeUnknown } from './target.ts';

export interface EnsureOptions {
  /** Wait for a target that is away, or does not answer, for as long as the deadline allows. */
  patient?: boolean;
  /** Default: 30 s. */
  deadlineMs?: number;
}

interface Waiter {
  key: string;
  patient: boolean;
  timer: NodeJS.Timeout;
  outcome: PromiseWithResolvers<void>;
  /** What a patient one waits in spite of. */
  lastError?: DpuError;
}

export class Waiters {
  readonly #all = new Set<Waiter>();

  add(key: string, { patient = false, deadlineMs = 30_000 }: EnsureOptions): Promise<void> {
    const outcome = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.#reject(waiter, waiter.lastError ?? late(key, deadlineMs)), deadlineMs);
    const waiter: Waiter = { key, patient, timer, outcome };
    this.#all.add(waiter);
    return outcome.promise;
  }

  keys(): ReadonlySet<string> {
    return new Set([...this.#all].map(({ key }) => key));
  }

  has(key: string): boolean {
    return [...this.#all].some((waiter) => waiter.key === key);
  }

  /** Those who wait now: an attempt that starts is theirs, and not that of who comes while it runs. */
  of(key: string): readonly Waiter[] {
    return [...this.#all].filter((waiter) => waiter.key === key);
  }

  resolve(key: string): void {
    for (const waiter of this.of(key)) {
      this.#forget(waiter);
      waiter.outcome.resolve();
    }
  }

  /** Patient ones wait on where the target may just be away. */
  failed(waiters: readonly Waiter[], error: DpuError): void {
    for (const waiter of waiters) {
      waiter.lastError = error;
      if (!waiter.patient || !outcomeUnknown(error)) this.#reject(waiter, error);
    }
  }

  disconnected(error: DpuError): void {
    this.failed([...this.#all], error);
  }

  rejectAll(error: DpuError): void {
    for (const waiter of [...this.#all]) this.#reject(waiter, error);
  }

  #reject(waiter: Waiter, error: DpuError): void {
    this.#forget(waiter);
    waiter.outcome.reject(error);
  }

  #forget(waiter: Waiter): void {
    clearTimeout(waiter.timer);
    this.#all.delete(waiter);
  }
}

const late = (key: string, ms: number): DpuError => new DpuError('DEADLINE_EXCEEDED', `${key}: not done in ${ms} ms`);
