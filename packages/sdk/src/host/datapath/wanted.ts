/** Requests as changes of the wanted state, with all checks that need no card. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Limits } from '../../contract/contract.ts';
import { networkFunctionName } from '../../contract/wanted.ts';
import { DpuError } from '../../errors.ts';
import { checkEntry } from './checks.ts';
import { all, type ContentOf, type Entry, type Kind, put, type State, without } from './state.ts';

/** What one call asks for. */
export interface Request {
  /** Of the object. */
  name: string;
  /** The state with it; the same state where that has it already. Throws a DpuError where it cannot be. */
  fold(state: State): State;
  /**
   * Of a deletion: what goes, as far as the request says. The card may have it from before a restart, though the host was
   * not told of it since.
   */
  deletes?: { kind: Kind; content?: ContentOf<'networkFunction'> };
}

export class Requests {
  readonly #limits: Limits;

  constructor(limits: Limits = {}) {
    this.#limits = limits;
  }

  /** ALREADY_EXISTS where it exists with other content. */
  create(name: string, entry: Entry): Request {
    return {
      name,
      fold: (state) => {
        const there = state.get(name);
        if (!there) return this.#with(state, name, entry);
        if (isDeepStrictEqual(there.content, entry.content)) return state;
        throw new DpuError('ALREADY_EXISTS', `${name} exists with other content; update it, or delete it first`);
      },
    };
  }

  /**
   * @param merge The content as it shall be, from the one there is; from undefined where none is there.
   * NOT_FOUND where there is none and `allowMissing` is false.
   */
  update<K extends Kind>(
    kind: K,
    name: string,
    allowMissing: boolean,
    merge: (current: ContentOf<K> | undefined) => ContentOf<K>,
  ): Request {
    return {
      name,
      fold: (state) => {
        const there = state.get(name);
        if (!there && !allowMissing) {
          throw new DpuError('NOT_FOUND', `${name} does not exist; allow_missing would create it`);
        }
        // The name says the kind, and the kind says the content.
        const content = merge(there?.content as ContentOf<K> | undefined);
        if (there && isDeepStrictEqual(there.content, content)) return state;
        return this.#with(state, name, { kind, content } as Entry);
      },
    };
  }

  /** NOT_FOUND where it is not there and `allowMissing` is false; FAILED_PRECONDITION for a bridge that ports or functions name. */
  delete(kind: Kind, name: string, allowMissing: boolean): Request {
    return {
      name,
      deletes: { kind },
      fold: (state) => {
        const there = state.get(name);
        if (!there && !allowMissing) throw new DpuError('NOT_FOUND', `${name} does not exist`);
        if (there?.kind === 'logicalBridge') requireUnused(state, name);
        return without(state, [name]);
      },
    };
  }

  /**
   * An interface that was given to a new pod does not belong to the function before it, whose end was perhaps not told:
   * functions by themselves that share an interface with this one go.
   */
  createFunction(nf: ContentOf<'networkFunction'>): Request {
    const name = networkFunctionName(nf);
    return {
      name,
      fold: (state) => {
        if (isDeepStrictEqual(state.get(name)?.content, nf)) return state;
        const rivals = [...all(state, 'networkFunction')].filter(([, other]) => sharesInterface(nf, other));
        const free = without(
          state,
          rivals.map(([rival]) => rival),
        );
        return this.#with(free, name, { kind: 'networkFunction', content: nf });
      },
    };
  }

  /** Of what is not there it is no error; FAILED_PRECONDITION for one that a chain holds. */
  deleteFunction(nf: ContentOf<'networkFunction'>): Request {
    const name = networkFunctionName(nf);
    return {
      name,
      deletes: { kind: 'networkFunction', content: nf },
      fold: (state) => {
        for (const [chain, { networkFunctions }] of all(state, 'serviceChain')) {
          if (!networkFunctions.some((held) => networkFunctionName(held) === name)) continue;
          const text = `the function of ${nf.input} and ${nf.output} is in ${chain}; update or delete that`;
          throw new DpuError('FAILED_PRECONDITION', text);
        }
        return without(state, [name]);
      },
    };
  }

  #with(state: State, name: string, entry: Entry): State {
    checkEntry(state, name, entry, this.#limits);
    return put(state, name, freeze(entry));
  }
}

function requireUnused(state: State, bridge: string): void {
  const id = bridge.slice('logicalBridges/'.length);
  const ports = [...all(state, 'bridgePort')].filter(([, { logicalBridges }]) =>
    logicalBridges.some((used) => used === id || used === bridge),
  );
  const singles = [...all(state, 'networkFunction')].filter(([, { bridgeId }]) => bridgeId === id);
  const chains = [...all(state, 'serviceChain')].filter(([, { networkFunctions }]) =>
    networkFunctions.some(({ bridgeId }) => bridgeId === id),
  );
  const names = [...ports, ...singles, ...chains].map(([name]) => name);
  if (names.length === 0) return;
  throw new DpuError('FAILED_PRECONDITION', `${names.join(', ')} on logical bridge ${id}; move or delete these first`);
}

function sharesInterface(a: ContentOf<'networkFunction'>, b: ContentOf<'networkFunction'>): boolean {
  return [a.input, a.output].some((mac) => mac === b.input || mac === b.output);
}

/** Plugins are given the content itself: what one of them changed would be asked for by nobody. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
  return value;
}
