/** How far a change has come over some DPUs: the condition RolledOut of VendorPlugins and DataProcessingUnitConfigs. Pure. */
import { cutText, longestMessage } from '@dpu-operator/sdk/cut-text';
import type { ConditionInput } from '../../../../api/fields/conditions.ts';
import { drainTimedOut } from '../rollout-status.ts';
import type { DpuState, Fleet, ReportedScope } from './fleet.ts';

/** Reasons of DPUs about which a person has to do something, the most pressing first. */
export const alarming: ReadonlySet<string> = new Set([
  'Stopped',
  'RolledBack',
  'NotWorking',
  'Crashing',
  drainTimedOut,
  'Overdue',
  'DrainBlocked',
]);

/** Those that are worth more than numbers. */
const pressing = [...alarming, 'Paused', 'AwaitingApproval', 'WaitingForRoom', 'WaitingForDaemons'];

const phrases: readonly [DpuState, string][] = [
  ['changing', 'changing'],
  ['waiting', 'waiting'],
  ['failed', 'given up'],
  ['refused', 'cannot have it'],
  ['new', 'being set up'],
];

export const noDpus = 'NoDpus';

/**
 * @param what they are to run, for people
 * @param messageOf what a DPU's condition Configured says
 */
export function rolledOut(
  scope: ReportedScope,
  what: string,
  fleet: Fleet,
  messageOf: (dpuName: string) => string | undefined,
): ConditionInput {
  const total = fleet.count(scope);
  if (total === 0) return condition('True', noDpus, 'there is no DPU for it');
  const done = fleet.count(scope, 'done');
  const others = phrases.map(([state, said]) => [fleet.count(scope, state), said] as const);
  const counted = others.flatMap(([count, said]) => (count > 0 ? `, ${count} ${said}` : []));
  const counts = `${done} of ${total} run ${what}${counted.join('')}`;
  if (done === total) return condition('True', 'Complete', counts);
  for (const reason of pressing) {
    const { count, first } = fleet.withReason(scope, reason);
    if (first === undefined) continue;
    const whose = `${count} ${count === 1 ? 'is' : 'are'} ${reason}, as ${first}`;
    return condition('False', reason, `${counts}; ${whose}: ${messageOf(first) ?? ''}`);
  }
  return condition('False', 'Progressing', counts);
}

function condition(status: 'True' | 'False', reason: string, message: string): ConditionInput {
  return { type: 'RolledOut', status, reason, message: cutText(message, longestMessage) };
}
