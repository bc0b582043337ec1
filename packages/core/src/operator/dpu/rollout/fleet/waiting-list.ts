/** DPUs that were told to wait. Those that wait for the same, and would go for the same, are looked at by one of them. */
import type { PluginRun } from '../../../../api/fields/plugin-run.ts';
import { Groups } from '../../../shared/groups.ts';
import type { FleetDpu } from './fleet.ts';
import type { Likeness, Wait } from './waits-for.ts';

interface Waiting extends Likeness {
  dpu: FleetDpu;
  target: PluginRun;
}

interface Group {
  message: string;
  byChange: Map<string, Map<string, Waiting>>;
}

/** DPUs of a group that are to change alike, settings included. */
export interface WaitingAlike {
  /** See {@link Likeness}. */
  change: string;
  /** What they were told. */
  message: string;
  members(): Iterable<{ name: string; target: PluginRun }>;
  /** @param most so many of them at most; default: all */
  names(most?: number): string[];
}

export class WaitingList {
  readonly #groups = new Map<string, Group>();
  /** By DPU: its group. */
  readonly #groupOf = new Map<string, string>();
  readonly #waiting = new Map<string, Waiting>();
  /** They wait for something of their own. */
  readonly #individuals = new Set<string>();
  readonly #byCard = new Groups();

  put(dpu: FleetDpu, target: PluginRun, { message, isOwn }: Wait, { alike, change }: Likeness): void {
    const { name, cards } = dpu;
    this.delete(name);
    const waiting = { dpu, target, alike, change };
    this.#waiting.set(name, waiting);
    for (const card of cards) this.#byCard.add(card, name);
    if (isOwn) {
      this.#individuals.add(name);
      return;
    }
    const key = `${alike} ${message}`;
    const group: Group = this.#groups.get(key) ?? { message, byChange: new Map() };
    this.#groups.set(key, group);
    group.byChange.set(change, (group.byChange.get(change) ?? new Map()).set(name, waiting));
    this.#groupOf.set(name, key);
  }

  delete(name: string): void {
    const waiting = this.#waiting.get(name);
    if (!waiting) return;
    this.#waiting.delete(name);
    this.#individuals.delete(name);
    this.#leaveGroup(name, waiting);
    for (const card of waiting.dpu.cards) this.#byCard.delete(card, name);
  }

  #leaveGroup(name: string, { change }: Waiting): void {
    const key = this.#groupOf.get(name);
    const group = key === undefined ? undefined : this.#groups.get(key);
    if (key === undefined || !group) return;
    this.#groupOf.delete(name);
    const members = group.byChange.get(change);
    members?.delete(name);
    if (members?.size === 0) group.byChange.delete(change);
    if (group.byChange.size === 0) this.#groups.delete(key);
  }

  /** See {@link Likeness}. */
  changeOf(name: string): string | undefined {
    return this.#waiting.get(name)?.change;
  }

  /** Whether it waits for something of its own: the other side of its card, or its daemon. */
  isIndividual(name: string): boolean {
    return this.#individuals.has(name);
  }

  /** Those of a card. */
  ofCard(card: string): string[] {
    return [...this.#byCard.of(card)];
  }

  /** Of each group its DPUs, by what they change to. DPUs may be taken off the list while it is gone through. */
  *groups(): Generator<Iterable<WaitingAlike>> {
    for (const group of this.#groups.values()) yield changesOf(group);
  }
}

function* changesOf({ message, byChange }: Group): Generator<WaitingAlike> {
  for (const [change, waiting] of byChange) {
    yield {
      change,
      message,
      *members() {
        for (const [name, { target }] of waiting) yield { name, target };
      },
      names: (most) => first(waiting.keys(), most),
    };
  }
}

function first(names: Iterable<string>, most = Number.POSITIVE_INFINITY): string[] {
  const taken: string[] = [];
  for (const name of names) {
    if (taken.length >= most) break;
    taken.push(name);
  }
  return taken;
}
