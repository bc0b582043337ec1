/** What is said of the chains of a DPU side. */
import { isDeepStrictEqual } from 'node:util';
import type { ChainReport } from '../../../api/index.ts';
import { sameFunctions } from '../items.ts';
import type { ChainMember } from './attached-index.ts';
import type { ChainRecord } from './chain-record.ts';
import { chainStatus } from './chain-status.ts';

export class ChainReports {
  readonly #onChange: () => void;
  readonly #reports = new Map<string, ChainReport>();

  /** @param onChange Called when {@link ChainReports.list} has changed. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** By name. */
  list(): ChainReport[] {
    return [...this.#reports.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  say(report: ChainReport): void {
    const before = this.#reports.get(report.name);
    this.#reports.set(report.name, report);
    if (!isDeepStrictEqual(before, report)) this.#onChange();
  }

  /** What was to be done for the order of that generation was done, or tried. */
  orderTaken(chain: string, generation: number | undefined): void {
    const report = this.#reports.get(chain);
    if (report && generation !== undefined) this.say({ ...report, generation });
  }

  forget(chain: string): void {
    if (this.#reports.delete(chain)) this.#onChange();
  }
}

/** What a VSP can do with network functions, as it says itself. */
export interface VspFunctions {
  /** Whether it takes ordered chains. */
  hasChains: boolean;
  /** Whether functions and chains can work for one logical bridge. */
  perBridge: boolean;
}

const noBridgeFunctions =
  'it cannot work for one network alone: its feature dpu.networkFunctions is without perBridge=true; leave out spec.network, or use a plugin that has it';

/** Of a chain for which nothing is left to do; undefined where something is. */
export function reportOf(
  record: ChainRecord,
  members: readonly ChainMember[],
  { hasChains, perBridge }: VspFunctions,
): ChainReport | undefined {
  const { whole, missing } = chainStatus(record, members);
  const about = aboutChain(record);
  if (record.logicalBridge !== undefined && !perBridge)
    return { ...about, phase: 'Refused', message: noBridgeFunctions };
  if (!whole) return { ...about, phase: 'Incomplete', missing };
  if (!hasChains) return { ...about, phase: 'Lowered' };
  const isOrdered = record.applied && !record.applyOutcomeUnknown && !record.closing;
  return isOrdered && sameFunctions(record.applied ?? [], whole) ? { ...about, phase: 'Ordered' } : undefined;
}

/** Which chain, and for which generation something is said of it. */
export function aboutChain({ chain, generation }: ChainRecord): Pick<ChainReport, 'name' | 'generation'> {
  return generation === undefined ? { name: chain } : { name: chain, generation };
}
