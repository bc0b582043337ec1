/** Ports, network functions and chains: placed on interfaces of the ACC, written into the tables, and bridged. */
import {
  type ApplyCall,
  type Clock,
  type DataPath,
  type DataPathKind,
  type DpuError,
  failed,
  type Logger,
  type Outcome,
  type Outcomes,
  type Platform,
  type Wanted,
} from '@dpu-operator/sdk';
import { type ClosedMarker, closedBy } from '@dpu-operator/sdk/linux';
import type { Bridging } from './bridge/bridging.ts';
import type { Card } from './fxp/card.ts';
import { entriesOf } from './fxp/entries.ts';
import type { Journal } from './fxp/journal.ts';
import type { FunctionTable } from './imc/function-table.ts';
import type { CardFunctions } from './interfaces/functions.ts';
import { type Placements, pairsOf, place } from './interfaces/placement.ts';
import type { Entry } from './p4rt/program.ts';

export interface DataPathOptions {
  card: Card;
  functions: CardFunctions;
  journal: Journal;
  bridging: Bridging;
  /** Functions can work for one logical bridge alone. */
  perBridge: boolean;
  closed: ClosedMarker;
  links: Platform['links'];
  clock: Clock;
  logger: Logger;
  /** Has all that is wanted applied again. */
  reapply: () => void;
}

/** Milliseconds until ports whose function the card did not know are looked for again. */
const lookAgainMs = 2_000;

export class IpuDataPath implements DataPath {
  readonly serves: readonly DataPathKind[] = ['bridge', 'networkFunctions', 'chains'];
  readonly #options: DataPathOptions;
  readonly #closing = new AbortController();
  #needsAll = true;
  /** Names of objects of which entries could not be written. */
  #unsure: ReadonlySet<string> = new Set();
  #looksAgain = false;

  constructor(options: DataPathOptions) {
    this.#options = options;
  }

  /** The card may hold none of what was written. */
  lost(): void {
    this.#needsAll = true;
    this.#options.reapply();
  }

  /** A bridge went: ours, or one that somebody else deleted. */
  bridgeGone(): void {
    this.#options.bridging.forget();
    this.#options.reapply();
  }

  close(): void {
    this.#closing.abort();
  }

  async apply(wanted: Wanted, call: ApplyCall): Promise<Outcomes> {
    this.#options.card.requireReady();
    const isAll = this.#needsAll;
    // At once: what is lost while this runs is to be done again.
    this.#needsAll = false;
    try {
      return await this.#apply(wanted, call, isAll);
    } catch (error) {
      this.#needsAll ||= isAll;
      throw error;
    }
  }

  async #apply(wanted: Wanted, { changed, complete, signal }: ApplyCall, isAll: boolean): Promise<Outcomes> {
    const { card, functions, journal, perBridge } = this.#options;
    const { available } = card;
    const before = journal.history.at(-1) ?? new Map();
    const vsiOf = await functions.vsis(macsOf(wanted), vsisOf(before), signal);
    const { placements, outcomes } = place({ wanted, changed, complete, before, available, perBridge, vsiOf });
    const told = new Set(changed.map(({ name }) => name));
    const history = journal.history;
    // On disk first: what a write that does not end leaves behind is found again.
    await journal.begin(placements);
    const { failures, isLeft } = await this.#program(history, placements, isAll, told);
    for (const [name, outcome] of failures) outcomes.set(name, outcome);
    const unbridged = await this.#bridge(placements, complete ? wanted : undefined);
    for (const [name, placement] of placements) {
      const error = pairsOf(placement).flatMap(({ representor }) => unbridged.get(representor) ?? [])[0];
      if (error && !outcomes.has(name)) outcomes.set(name, failed(error));
    }
    // What could not be taken out stays known as ours, and is tried with the next change.
    if (!isLeft) await journal.end(placements);
    if ([...outcomes.values()].some(({ state }) => state === 'pending')) this.#lookAgain();
    return new Map([...outcomes].filter(([name]) => told.has(name) || isIn(wanted, name)));
  }

  /** Ports whose interface of the ACC has no link. */
  async down(wanted: Wanted): Promise<string[]> {
    const { journal, links } = this.#options;
    const running = new Set((await links.list()).filter((link) => link.running).map(({ name }) => name));
    const placements = journal.history.at(-1);
    return [...wanted.bridgePorts.keys()].filter((name) => {
      const placement = placements?.get(name);
      return placement?.kind === 'host' && !running.has(placement.port.representor);
    });
  }

  /** @param all what is wanted, once all of it was told */
  async #bridge(placements: Placements, all: Wanted | undefined): Promise<ReadonlyMap<string, DpuError>> {
    const { bridging, closed } = this.#options;
    const before = await closed.read();
    const bridges = all && new Set([...all.logicalBridges.values()].map(({ vlanId }) => vlanId));
    const chains = new Map([...placements].flatMap(([name, one]) => (one.kind === 'chain' ? [[name, one]] : [])));
    const next = closedBy(chains, before, bridges);
    return closed.change(before, next, () => bridging.apply(placements, next));
  }

  async #program(
    history: readonly Placements[],
    next: Placements,
    isAll: boolean,
    told: ReadonlySet<string>,
  ): Promise<{ failures: Map<string, Outcome>; isLeft: boolean }> {
    const owners = new Map<Entry, string[]>();
    const collect = (placements: Placements, names?: Iterable<string>) => {
      const entries = entriesOf(placements, names);
      for (const [entry, each] of entries) owners.set(entry, each);
      return [...entries.keys()];
    };
    // Of an object that is as it was, nothing is to be taken out; and what it has is on the card, unless that lost it.
    const differing = differingNames(history, next);
    const add = collect(next, isAll ? undefined : new Set([...differing, ...this.#unsure]));
    const remove = history.flatMap((state) => collect(state, differing));
    const errors = await this.#options.card.program(remove, add);
    const failures = new Map<string, Outcome>();
    for (const [entry, error] of errors) {
      const names = owners.get(entry) ?? [];
      // An entry of two objects fails with the one that is new.
      const blamed = names.filter((name) => told.has(name));
      for (const name of blamed.length > 0 ? blamed : names) failures.set(name, failed(error));
    }
    this.#unsure = new Set([...errors.keys()].flatMap((entry) => owners.get(entry) ?? []));
    if (errors.size > 0) this.#options.logger.warn({ entries: errors.size }, 'entries that could not be written');
    return { failures, isLeft: remove.some((entry) => errors.has(entry)) };
  }

  /** A virtual function is known to the card once its driver has started. */
  #lookAgain(): void {
    if (this.#looksAgain) return;
    this.#looksAgain = true;
    const { clock, reapply } = this.#options;
    void clock.sleep(lookAgainMs, this.#closing.signal).then(
      () => {
        this.#looksAgain = false;
        reapply();
      },
      () => {},
    );
  }
}

/** The VSIs that are in use. */
function vsisOf(placements: Placements): FunctionTable {
  return new Map([...placements.values()].flatMap(pairsOf).map(({ mac, vsi }) => [mac, vsi]));
}

function macsOf({ bridgePorts, networkFunctions, serviceChains }: Wanted): string[] {
  const chained = [...serviceChains.values()].flatMap((chain) => chain.networkFunctions);
  const functions = [...networkFunctions.values(), ...chained];
  const ports = [...bridgePorts.values()].map(({ macAddress }) => macAddress);
  return [...ports, ...functions.flatMap(({ input, output }) => [input, output])];
}

/** Those that are not in all of these states as they are in the next. */
function differingNames(history: readonly Placements[], next: Placements): ReadonlySet<string> {
  const names = new Set([...history.flatMap((state) => [...state.keys()]), ...next.keys()]);
  const differs = (name: string) => {
    const text = JSON.stringify(next.get(name));
    return history.some((state) => JSON.stringify(state.get(name)) !== text);
  };
  return new Set([...names].filter(differs));
}

function isIn({ bridgePorts, networkFunctions, serviceChains, logicalBridges }: Wanted, name: string): boolean {
  return [bridgePorts, networkFunctions, serviceChains, logicalBridges].some((map) => map.has(name));
}
