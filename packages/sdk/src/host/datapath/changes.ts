/** What a plugin is told of a step from one wanted state to the next. Pure. */
import type { Change, NetworkFunction } from '../../contract/data-path.ts';
import { logicalBridgesOf } from '../../contract/wanted.ts';
import { all, type Entry, type State } from './state.ts';
import type { Request } from './wanted.ts';

export interface Step {
  /** What the card has, as far as the host knows. */
  before: State;
  after: State;
  /** What else the card may have of an object: what was tried when that failed; undefined where a deletion was. */
  tried: ReadonlyMap<string, Entry | undefined>;
  /** The objects to tell of, in the order in which they were asked for. */
  names: Iterable<string>;
  /** By name: what is to go that the host does not know. */
  unknown: UnknownDeletions;
}

export type UnknownDeletions = ReadonlyMap<string, NonNullable<Request['deletes']>>;

/** What is to go that the host was not told of since the start, and the card may have from before. */
export function unknownDeletions(state: State, requests: readonly Request[]): UnknownDeletions {
  const deletions = requests.flatMap(({ name, deletes }) =>
    deletes && !state.has(name) ? [[name, deletes] as const] : [],
  );
  return new Map(deletions);
}

/** Changes in an order in which a card can do them one by one. Frozen: the host goes by them after the plugin has had them. */
export function changesOf({ before, after, tried, names, unknown }: Step): readonly Change[] {
  const told = new Set(names);
  const onCard = (name: string) => (tried.has(name) ? tried.get(name) : before.get(name));
  for (const user of usersOfChanged(after, told, onCard)) told.add(user);
  const changes = [...told].flatMap((name) => {
    const is = after.get(name);
    // A deletion that failed, and could not be undone either, may have left all of it.
    const was = onCard(name) ?? (is ? undefined : before.get(name));
    const kind = is?.kind ?? was?.kind ?? unknown.get(name)?.kind;
    if (kind === undefined) return [];
    // Entries of one name are of one kind.
    const change = { kind, name, before: was?.content ?? unknown.get(name)?.content, after: is?.content } as Change;
    return [Object.freeze(change)];
  });
  const left = bridgesInUse(before);
  const rank = (change: Change) => rankOf(change, left);
  return Object.freeze(changes.sort((a, b) => rank(a) - rank(b)));
}

/** What stays as it is while a bridge under it changes: a card that tags by port sets its VLAN anew. */
function usersOfChanged(
  after: State,
  names: ReadonlySet<string>,
  onCard: (name: string) => Entry | undefined,
): string[] {
  const changed = [...names].filter((name) => {
    const [was, is] = [onCard(name), after.get(name)];
    return was?.kind === 'logicalBridge' && is !== undefined && was !== is;
  });
  if (changed.length === 0) return [];
  const bridgesOf = bridgesIn(after);
  return [...after]
    .filter(([, entry]) => bridgesOf(entry).some((name) => changed.includes(name)))
    .map(([name]) => name);
}

const bridgesInUse = (state: State): Set<string> => new Set([...state.values()].flatMap(bridgesIn(state)));

/** Names of the logical bridges that an object of this state is on. */
function bridgesIn(state: State): (entry: Entry) => string[] {
  const logicalBridges = all(state, 'logicalBridge');
  const ofFunctions = (functions: readonly NetworkFunction[]) =>
    functions.map(({ bridgeId }) => `logicalBridges/${bridgeId}`).filter((name) => logicalBridges.has(name));
  return ({ kind, content }) => {
    switch (kind) {
      case 'bridgePort':
        return logicalBridgesOf({ logicalBridges }, content).map(({ name }) => name);
      case 'networkFunction':
        return ofFunctions([content]);
      case 'serviceChain':
        return ofFunctions(content.networkFunctions);
      case 'logicalBridge':
        return [];
    }
  };
}

/** Users before what they use where they go, after it where they come. */
function rankOf({ kind, name, after }: Change, left: ReadonlySet<string>): number {
  const goes = after === undefined;
  switch (kind) {
    case 'serviceChain':
      return goes ? 0 : 7;
    case 'networkFunction':
      return goes ? 1 : 6;
    case 'bridgePort':
      return goes ? 2 : 5;
    case 'logicalBridge':
      // A bridge that ports or functions are leaving goes after they have left.
      if (goes) return left.has(name) ? 8 : 3;
      return 4;
  }
}
