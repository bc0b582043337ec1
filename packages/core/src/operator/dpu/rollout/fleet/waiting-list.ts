/** DPUs that were told to wait. Those that wait for the same, and would go for the same, are looked at by one of them. */
import type { PluginRun } from '../../../../api/plugin-run.ts';
import type { FleetDpu } from './fleet.ts';
import type { Wait } from './waits-for.ts';

interface Waiting {
  dpu: FleetDpu;
  target: PluginRun;
  message: string;
}

export interface WaitingAlike {
  target: PluginRun;
  /** What they were told. */
  message: string;
  /** @param most so many of them at most; default: all */
  names(most?: number): string[];
}

export class WaitingList {
  /** By DPU: its group. */
  readonly #groupOf = new Map<string, string>();
  readonly #groups = new Map<string, Map<string, Waiting>>();
  /** They wait for something of their own. */
  readonly #individuals = new Map<string, Waiting>();
  readonly #byCard = new Map<string, Set<string>>();

  put(dpu: FleetDpu, target: PluginRun, { message, isOwn }: Wait): void {
    this.delete(dpu.name);
    const waiting = { dpu, target, message };
    for (const card of dpu.cards) this.#byCard.set(card, (this.#byCard.get(card) ?? new Set()).add(dpu.name));
    if (isOwn) {
      this.#individuals.set(dpu.name, waiting);
      return;
    }
    // One that tries again what failed may go where others are stopped.
    const again = dpu.status.rollout?.again === true ? dpu.name : '';
    const key = [target.digest, dpu.status.plugin?.digest, dpu.side, dpu.config, again, message].join(' ');
    const group = this.#groups.get(key) ?? new Map();
    this.#groups.set(key, group.set(dpu.name, waiting));
    this.#groupOf.set(dpu.name, key);
  }

  delete(name: string): void {
    const key = this.#groupOf.get(name);
    const waiting = this.#individuals.get(name) ?? this.#groups.get(key ?? '')?.get(name);
    if (!waiting) return;
    this.#individuals.delete(name);
    this.#groupOf.delete(name);
    const group = this.#groups.get(key ?? '');
    group?.delete(name);
    if (group?.size === 0) this.#groups.delete(key ?? '');
    for (const card of waiting.dpu.cards) {
      const members = this.#byCard.get(card);
      members?.delete(name);
      if (members?.size === 0) this.#byCard.delete(card);
    }
  }

  /** Those that wait for the other side of their card, or for a daemon. */
  individuals(): string[] {
    return [...this.#individuals.keys()];
  }

  /** Those of a card. */
  ofCard(card: string): string[] {
    return [...(this.#byCard.get(card) ?? [])];
  }

  groups(): WaitingAlike[] {
    return [...this.#groups.values()].flatMap((group) => {
      const [waiting] = group.values();
      if (!waiting) return [];
      const { target, message } = waiting;
      const names = (most = Number.POSITIVE_INFINITY) => [...group.keys()].slice(0, Math.max(0, most));
      return [{ target, message, names }];
    });
  }
}
