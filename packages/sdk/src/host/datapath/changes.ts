/** What a plugin is told of a step from one wanted state to the next. Pure. */
import type { BridgePort, Change } from '../../data-path.ts';
import { logicalBridgesOf } from '../../wanted.ts';
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

/** Changes in an order in which a card can do them one by one. */
export function changesOf({ before, after, tried, names, unknown }: Step): Change[] {
  const told = new Set(names);
  const onCard = (name: string) => (tried.has(name) ? tried.get(name) : before.get(name));
  for (const port of portsOnChanged(after, told, onCard)) told.add(port);
  const changes = [...told].flatMap((name) => {
    const is = after.get(name);
    // A deletion that failed, and could not be undone either, may have left all of it.
    const was = onCard(name) ?? (is ? undefined : before.get(name));
    const kind = is?.kind ?? was?.kind ?? unknown.get(name)?.kind;
    if (kind === undefined) return [];
    // Entries of one name are of one kind.
    return [{ kind, name, before: was?.content ?? unknown.get(name)?.content, after: is?.content } as Change];
  });
  const left = bridgesInUse(before);
  const rank = (change: Change) => rankOf(change, left);
  return changes.sort((a, b) => rank(a) - rank(b));
}

/** Ports that stay as they are while a bridge under them changes: a card that tags by port sets their VLAN anew. */
function portsOnChanged(
  after: State,
  names: ReadonlySet<string>,
  onCard: (name: string) => Entry | undefined,
): string[] {
  const changed = [...names].filter((name) => {
    const [was, is] = [onCard(name), after.get(name)];
    return was?.kind === 'logicalBridge' && is !== undefined && was !== is;
  });
  if (changed.length === 0) return [];
  const logicalBridges = all(after, 'logicalBridge');
  const isOn = (port: BridgePort) =>
    logicalBridgesOf({ logicalBridges }, port).some(({ name }) => changed.includes(name));
  return [...all(after, 'bridgePort')].filter(([, port]) => isOn(port)).map(([name]) => name);
}

function bridgesInUse(state: State): Set<string> {
  const logicalBridges = all(state, 'logicalBridge');
  const ports = [...all(state, 'bridgePort').values()];
  return new Set(ports.flatMap((port) => logicalBridgesOf({ logicalBridges }, port).map(({ name }) => name)));
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
      // A bridge that ports are leaving goes after they have left.
      if (goes) return left.has(name) ? 8 : 3;
      return 4;
  }
}
