/** What a run of the suite found. */
import type { PluginInfo } from '../contract/contract.ts';
import type { Check } from './check.ts';
import type { Group, Mode } from './groups.ts';
import type { Exchange } from './vsp/exchange.ts';

/** What became of one check on one side. */
export interface CheckResult {
  id: string;
  group: Group;
  mode: Mode;
  title: string;
  status: 'passed' | 'failed' | 'skipped';
  durationMs: number;
  /** Why it was skipped. */
  reason?: string;
  failure?: Failure;
}

/** What a check found wrong, with what it asked and was answered. */
export interface Failure {
  /** What came instead of what the contract demands. */
  message: string;
  demands: string;
  document: string;
  /** The last calls, what was sent and what came. */
  exchanges: Exchange[];
}

/** Why a check that changes something is skipped where the suite only reads. */
export const readsOnly = 'it would change the VSP: --disruptive';

/** What was removed of what the suite had made, and what could not be. */
export interface Cleanup {
  removed: number;
  left: string[];
}

/** What one side was, and what could not be removed there. */
export interface ModeReport extends Cleanup {
  mode: Mode;
  /** undefined for older images, which do not tell. */
  plugin?: PluginInfo;
}

/** A whole run; what `dpu-vsp conformance --json` writes into its file. */
export interface Report {
  contractVersion: string;
  /** The endpoint, or the plugin's package. */
  target: string;
  startedAt: string;
  durationMs: number;
  modes: ModeReport[];
  results: CheckResult[];
  /** Nothing failed, something passed, and all that the suite made could be removed. */
  conforms: boolean;
}

export function resultOf(
  check: Pick<Check, 'id' | 'group' | 'title'>,
  mode: Mode,
  rest: Omit<CheckResult, 'id' | 'group' | 'mode' | 'title'>,
) {
  const { id, group, title } = check;
  return { id, group, mode, title, ...rest } satisfies CheckResult;
}
