/** For plugins whose card is told one thing at a time, and for outcomes in few words. */

import { DpuError } from '../errors.ts';
import type { ApplyCall, Change, Outcome, Outcomes } from './data-path.ts';

/** The object is programmed. */
export const up: Outcome = { state: 'up' };

/** The card goes on with the object by itself. */
export function pending(reason: string): Outcome {
  return { state: 'pending', reason };
}

/** The outcome of what was thrown: the code and message of {@link DpuError.from}. */
export function failed(error: unknown): Outcome {
  const { code, message } = DpuError.from(error);
  return { state: 'failed', code, message };
}

/**
 * Does changes one by one, in their order. A change that throws has failed; the others go on. Once the signal is aborted
 * the rest is UNAVAILABLE.
 *
 * @param change Does one; answers its outcome where that is not up.
 * @example
 * apply: (wanted, call) => applyEach(call, async ({ kind, name, after }) => {
 *   if (kind !== 'bridgePort') return;
 *   if (after) await card.createPort(name, after.macAddress);
 *   else await card.deletePort(name);
 * })
 */
export async function applyEach(
  { changed, signal }: Pick<ApplyCall, 'changed' | 'signal'>,
  change: (change: Change) => Promise<Outcome | undefined>,
): Promise<Outcomes> {
  const outcomes = new Map<string, Outcome>();
  for (const each of changed) {
    outcomes.set(each.name, signal.aborted ? failed(shutDown(each)) : await outcomeOf(() => change(each)));
  }
  return outcomes;
}

async function outcomeOf(run: () => Promise<Outcome | undefined>): Promise<Outcome> {
  try {
    return (await run()) ?? up;
  } catch (error) {
    return failed(error);
  }
}

function shutDown({ name }: Change): DpuError {
  return new DpuError('UNAVAILABLE', `${name} was not reached before the VSP shut down; call again`);
}
