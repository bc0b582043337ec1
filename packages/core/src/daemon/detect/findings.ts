/** What detection said last of each DPU. */
import type { DpuFinding } from './find-dpus.ts';
import type { KnownDpu } from './known-dpu.ts';

export class Findings {
  readonly #byName = new Map<string, DpuFinding>();
  #hasLooked = false;

  /** Whether detection has spoken since the daemon's start. */
  get hasLooked(): boolean {
    return this.#hasLooked;
  }

  set(findings: readonly DpuFinding[]): void {
    this.#hasLooked = true;
    this.#byName.clear();
    for (const finding of findings) this.#byName.set(finding.dpu.name, finding);
  }

  get(name: string): DpuFinding | undefined {
    return this.#byName.get(name);
  }

  names(): string[] {
    return [...this.#byName.keys()];
  }

  /** The DPUs that are here or may be, and that nobody has ordered to go. */
  staying(): KnownDpu[] {
    return [...this.#byName.values()].filter((finding) => !isLeaving(finding)).map(({ dpu }) => dpu);
  }

  /** What was only known of from before is no more; what detection sees is taken into service again. */
  tornDown(name: string): void {
    const finding = this.#byName.get(name);
    if (finding && (isLeaving(finding) || finding.presence.is === 'unknown')) this.#byName.delete(name);
  }
}

const isLeaving = ({ presence, removal, pluginGone }: DpuFinding): boolean =>
  presence.is === 'gone' || removal !== undefined || pluginGone === true;
