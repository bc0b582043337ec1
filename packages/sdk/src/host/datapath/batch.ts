/** Which of the requests that wait can go together into one apply, and what comes of a batch of which some failed. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { DpuError } from '../../errors.ts';
import { differing, type State } from './state.ts';
import type { Request } from './wanted.ts';

export interface Batch<R extends Request> {
  next: State;
  /** Those that `next` has, in their order. */
  accepted: R[];
  refused: { request: R; error: DpuError }[];
  /** To be done after this batch: another request of it changes the same object. */
  later: R[];
  /** Names of the objects that differ, in the order of the requests. */
  names: Set<string>;
}

/**
 * One change an object: so each request has an outcome of its own. Repeats of a request are with it. Requests in flight at
 * the same time may take effect in any order.
 */
export function batchOf<R extends Request>(state: State, requests: readonly R[]): Batch<R> {
  const waiting = new Set<string>();
  const batch: Batch<R> = { next: state, accepted: [], refused: [], later: [], names: new Set() };
  // What comes after a request of the same name is done after it.
  const postpone = (request: R) => {
    batch.later.push(request);
    waiting.add(request.name);
  };
  for (const request of requests) {
    if (waiting.has(request.name)) {
      postpone(request);
      continue;
    }
    try {
      const next = request.fold(batch.next);
      const changed = differing(batch.next, next);
      if (changed.some((name) => batch.names.has(name) || waiting.has(name))) {
        postpone(request);
        continue;
      }
      for (const name of changed) batch.names.add(name);
      batch.next = next;
      batch.accepted.push(request);
    } catch (thrown) {
      // What a change of this batch forbids may be allowed again when that fails.
      if (batch.names.has(request.name)) postpone(request);
      else batch.refused.push({ request, error: DpuError.from(thrown) });
    }
  }
  return batch;
}

/**
 * The state with what did not fail. What rests on something that failed fails with it, as a port on a bridge that could
 * not be made.
 *
 * @param before The state that the batch began with.
 */
export function withoutFailed<R extends Request>(
  before: State,
  { next, accepted }: Pick<Batch<R>, 'next' | 'accepted'>,
  failures: ReadonlyMap<string, DpuError>,
): { kept: State; failed: Map<R, DpuError> } {
  const failed = new Map<R, DpuError>();
  if (failures.size === 0) return { kept: next, failed };
  let kept = before;
  for (const request of accepted) {
    try {
      const folded = request.fold(kept);
      const names = [request.name, ...differing(kept, folded)];
      const failure = names.map((name) => failures.get(name)).find((error) => error !== undefined);
      if (failure) failed.set(request, failure);
      else kept = folded;
    } catch (thrown) {
      failed.set(request, failures.get(request.name) ?? DpuError.from(thrown));
    }
  }
  return { kept: withEntriesOf(next, kept), failed };
}

/** Entries are told apart by identity: what was made twice of one request is the same. */
function withEntriesOf(known: State, state: State): State {
  const same = new Map(state);
  for (const [name, entry] of state) {
    const other = known.get(name);
    if (other && isDeepStrictEqual(other.content, entry.content)) same.set(name, other);
  }
  return same;
}
