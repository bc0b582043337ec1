/** All that is wanted of a data path, in one map by name. A state never changes; a change makes another. */
import type {
  BridgePort,
  Change,
  LogicalBridge,
  NetworkFunction,
  ServiceChain,
  Wanted,
} from '../../contract/data-path.ts';

interface EntryOf<Kind extends Change['kind'], Content> {
  kind: Kind;
  content: Content;
}

export type Entry =
  | EntryOf<'logicalBridge', LogicalBridge>
  | EntryOf<'bridgePort', BridgePort>
  | EntryOf<'networkFunction', NetworkFunction>
  | EntryOf<'serviceChain', ServiceChain>;

export type Kind = Entry['kind'];
export type ContentOf<K extends Kind> = Extract<Entry, { kind: K }>['content'];
export type State = ReadonlyMap<string, Entry>;

export const emptyState: State = new Map();

/** The objects of a kind, by name. */
export function all<K extends Kind>(state: State, kind: K): Map<string, ContentOf<K>> {
  const found = new Map<string, ContentOf<K>>();
  for (const [name, entry] of state) {
    // The kind of an entry says what its content is.
    if (entry.kind === kind) found.set(name, entry.content as ContentOf<K>);
  }
  return found;
}

export function wantedOf(state: State): Wanted {
  return {
    logicalBridges: all(state, 'logicalBridge'),
    bridgePorts: all(state, 'bridgePort'),
    networkFunctions: all(state, 'networkFunction'),
    serviceChains: all(state, 'serviceChain'),
  };
}

export function put(state: State, name: string, entry: Entry): State {
  return new Map(state).set(name, entry);
}

/** The state without these; the same one where it has none of them. */
export function without(state: State, names: Iterable<string>): State {
  const next = new Map(state);
  for (const name of names) next.delete(name);
  return next.size === state.size ? state : next;
}

/** The names whose entries have changed. */
export function differing(before: State, after: State): string[] {
  if (before === after) return [];
  const gone = [...before.keys()].filter((name) => !after.has(name));
  const others = [...after].filter(([name, entry]) => before.get(name) !== entry).map(([name]) => name);
  return [...gone, ...others];
}

/** The state as it was before `made`, unless the object has changed since. */
export function restored(state: State, name: string, made: Entry | undefined, former: Entry | undefined): State {
  if (state.get(name) !== made) return state;
  return former ? put(state, name, former) : without(state, [name]);
}
