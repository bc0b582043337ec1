/** What has become of a config on the DPUs that it selects, kept in step DPU by DPU, and what its condition says of them. Pure. */
import { cutText } from '@dpu-operator/sdk/cut-text';
import type { ConditionInput } from '../../../api/fields/conditions.ts';

/** What has become of a config on one DPU. */
export type Outcome =
  | { is: 'superseded'; by: string }
  | { is: 'refused'; reason: string; message: string }
  /** Everything else of it holds. */
  | { is: 'partlyApplied'; message: string }
  | { is: 'underWay'; message?: string }
  | { is: 'applied' };

export class ConfigOutcomes {
  readonly #byDpu = new Map<string, Outcome>();
  readonly #alike = {
    superseded: new Alike(),
    refused: new Alike(),
    partlyApplied: new Alike(),
    underWay: new Alike(),
    applied: new Alike(),
  };

  /** @param outcome undefined for a DPU that the config does not select */
  put(dpu: string, outcome: Outcome | undefined): void {
    const before = this.#byDpu.get(dpu);
    if (before) this.#alike[before.is].delete(dpu);
    this.#byDpu.delete(dpu);
    if (!outcome) return;
    this.#byDpu.set(dpu, outcome);
    this.#alike[outcome.is].add(dpu, outcome);
  }

  get verdict(): ConditionInput {
    const { superseded, refused, partlyApplied, underWay, applied } = this.#alike;
    if (this.#byDpu.size === 0) {
      return verdict('False', 'NothingSelected', 'spec.dpuSelector selects no DataProcessingUnit; compare its labels');
    }
    const fault = refused.first;
    if (fault?.is === 'refused') return verdict('False', fault.reason, refused.few);
    const rest = applied.first ? `; applied to ${applied.few}` : '';
    if (superseded.first) {
      const message = `older configs hold for ${superseded.few}; narrow one of the selectors${rest}`;
      return verdict('False', 'Superseded', message);
    }
    if (partlyApplied.first) return verdict('False', 'PartlyApplied', `${partlyApplied.few}${rest}`);
    if (underWay.first) return verdict('False', 'RollingOut', `under way to ${underWay.few}`);
    return verdict('True', 'Applied', `applied to ${applied.few}`);
  }
}

/** DPUs with the same kind of outcome. */
class Alike {
  readonly #outcomes = new Map<string, Outcome>();
  /** The first by its name; undefined where it is to be looked for. */
  #firstName: string | undefined;

  add(dpu: string, outcome: Outcome): void {
    this.#outcomes.set(dpu, outcome);
    if (this.#outcomes.size === 1 || (this.#firstName !== undefined && dpu < this.#firstName)) this.#firstName = dpu;
  }

  delete(dpu: string): void {
    this.#outcomes.delete(dpu);
    if (dpu === this.#firstName) this.#firstName = undefined;
  }

  get first(): Outcome | undefined {
    this.#firstName ??= least(this.#outcomes.keys());
    return this.#firstName === undefined ? undefined : this.#outcomes.get(this.#firstName);
  }

  /** Of more than three DPUs the first, and how many more: the words stay as long as that does not change. */
  get few(): string {
    const { first } = this;
    if (!first || this.#firstName === undefined) return '';
    if (this.#outcomes.size > 3) {
      return `${textOf(this.#firstName, first)} and ${this.#outcomes.size - 1} more DataProcessingUnits`;
    }
    const all = [...this.#outcomes].sort(([a], [b]) => (a < b ? -1 : 1));
    const between = all.some(([, outcome]) => 'message' in outcome) ? '; ' : ', ';
    return all.map(([name, outcome]) => textOf(name, outcome)).join(between);
  }
}

function textOf(dpu: string, outcome: Outcome): string {
  if (outcome.is === 'superseded') return `${dpu} (by ${outcome.by})`;
  return 'message' in outcome ? `${dpu}: ${outcome.message}` : dpu;
}

function least(names: Iterable<string>): string | undefined {
  let found: string | undefined;
  for (const name of names) if (found === undefined || name < found) found = name;
  return found;
}

function verdict(status: 'True' | 'False', reason: string, message: string): ConditionInput {
  return { type: 'Applied', status, reason, message: cutText(message, 32_768) };
}
