/**
 * From what a target shall hold and what it holds to the calls that may be made now. Pure.
 *
 * ```
 *  chains deleted ──> functions deleted ──> functions and chains made ──> ports of hosts
 *        (where they share an interface)                         (while the target is new)
 * ```
 * No frame of a host goes around a function that is not there yet: a target that has just started gets its ports last.
 * One that failed holds nobody up. Nothing is deleted that nobody ordered to be: what a target has and no wish names
 * stays.
 */
import type { Presence } from '../presence.ts';
import { type Item, keyOf, sameItem, shareInterface } from './items.ts';

/** What one item's owner wants of the target. */
export interface Wish {
  order: 'hold' | 'drop';
  item: Item;
}

/** A call, or two: `replace` is for what is there with other content. */
export interface Action {
  call: 'create' | 'replace' | 'delete';
  item: Item;
}

export interface TargetState {
  actual(item: Item): Presence<Item>;
  /** Keys of calls without an answer yet. */
  inFlight: ReadonlySet<string>;
  /** Keys whose last call failed since the target started. */
  failed: ReadonlySet<string>;
  /** Those of them that are not tried again yet. */
  backingOff: ReadonlySet<string>;
  /** Not everything has been tried since the target started. */
  starting: boolean;
}

export interface Plan {
  /** By key: what is left to do. */
  pending: ReadonlyMap<string, Action>;
  /** Of these, what may be called now, in order. */
  runnable: readonly Action[];
}

export function plan(wishes: readonly Wish[], state: TargetState): Plan {
  const actions = wishes.flatMap((wish) => actionFor(wish, state.actual(wish.item)) ?? []);
  actions.sort((a, b) => rank(a) - rank(b));
  const pending = new Map(actions.map((action) => [keyOf(action.item), action]));
  const first = actions.filter(({ item }) => item.kind !== 'bridgePort' && !state.failed.has(keyOf(item)));
  const isFree = (action: Action) => {
    const key = keyOf(action.item);
    if (state.inFlight.has(key) || state.backingOff.has(key)) return false;
    return !first.some((other) => goesBefore(other, action, state.starting));
  };
  return { pending, runnable: actions.filter(isFree) };
}

/**
 * undefined where there is nothing to do. What is not known is done again: every call may be repeated. A deletion is
 * done until it has been acknowledged, which ends the wish.
 */
function actionFor({ order, item }: Wish, actual: Presence<Item>): Action | undefined {
  if (order === 'drop') return { call: 'delete', item };
  if (actual.is !== 'there') return { call: 'create', item };
  return sameItem(actual.value, item) ? undefined : { call: 'replace', item };
}

function goesBefore(first: Action, then: Action, starting: boolean): boolean {
  if (rank(first) >= rank(then)) return false;
  if (then.item.kind === 'bridgePort') return starting;
  return first.call === 'delete' && shareInterface(first.item, then.item);
}

function rank({ call, item }: Action): number {
  if (item.kind === 'bridgePort') return 3;
  if (call !== 'delete') return 2;
  return item.kind === 'chain' ? 0 : 1;
}
