/**
 * Whether somebody whom the data path needs (the VSP, the daemon on the DPU) can be worked with. Pure.
 *
 * ```
 *              worked                 failed                    graceOver
 *  starting ──────────> available ──────────> interrupted ──────────────> away
 *      │ failed             ^ <─────────────────── │ worked                 │
 *      └─────────────────── │ ─────────────────────│──────────────────────> │
 *                           └────────────────────────────────────────────── ┘ worked
 * ```
 * A restart is no outage: what is over within the grace period nobody hears of.
 */

/** Why not: a reason for a condition, and what is wrong and what to do in words. */
export interface Outage {
  reason: string;
  message: string;
}

export type Availability =
  /** Nothing is known yet. */
  | { phase: 'starting' }
  | { phase: 'available' }
  /** Expected back; callers wait. */
  | { phase: 'interrupted'; outage: Outage }
  | { phase: 'away'; outage: Outage };

export type AvailabilityEvent = { is: 'worked' } | { is: 'failed'; outage: Outage } | { is: 'graceOver' };

export function transition(before: Availability, event: AvailabilityEvent): Availability {
  if (event.is === 'worked') return { phase: 'available' };
  if (event.is === 'failed') {
    const isExpected = before.phase === 'available' || before.phase === 'interrupted';
    return { phase: isExpected ? 'interrupted' : 'away', outage: event.outage };
  }
  return before.phase === 'interrupted' ? { phase: 'away', outage: before.outage } : before;
}

/** Whether a change is one to tell: another answer to "does it work", or another reason. */
export function isNews(before: Availability, after: Availability): boolean {
  return told(before) !== told(after);
}

function told(state: Availability): string {
  if (state.phase === 'away') return state.outage.reason;
  return state.phase === 'starting' ? 'starting' : 'available';
}
