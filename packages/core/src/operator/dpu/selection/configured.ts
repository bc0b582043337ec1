/** The condition Configured: whether a DPU runs what is asked for, and if not, why and what to do. Pure. */
import { cutText, longestMessage } from '@dpu-operator/sdk/cut-text';
import { type ConditionInput, findCondition } from '../../../api/fields/conditions.ts';
import type { Rollout } from '../../../api/fields/plugin-run.ts';
import { type DataProcessingUnit, dpuConditions } from '../../../api/kinds/data-processing-unit.ts';
import { firstTen } from '../../../first-ten.ts';
import { keyOf, notUnderstood } from '../../../kube/index.ts';
import type { PodRefusal } from '../pod/create-pod.ts';
import { podsLeft } from '../rollout/drain.ts';
import { retryCommand } from '../rollout/fleet/waits-for.ts';
import type { ObservedState } from '../rollout/observed-state.ts';
import { overdueInMs } from '../rollout/plan.ts';
import { nameOf, needsInstallPod } from '../rollout/plugin-run.ts';
import { drainTimedOut } from '../rollout/rollout-status.ts';
import { verify } from '../rollout/verify.ts';
import type { Choice } from './plugin-choice.ts';

/** Reasons of a change that goes its way. */
export const ordinaryReasons: readonly string[] = [
  'Installing',
  'WaitingForDaemons',
  'WaitingForTurn',
  'WaitingForOtherSide',
  'WaitingForRoom',
  'Paused',
  'AwaitingApproval',
  'Draining',
  'Replacing',
  'Verifying',
];

/** What could not be done, and why. */
export interface Refusals {
  /** Of pods that were to be evicted. */
  evictions: string[];
  vspPod?: PodRefusal;
  installPod?: PodRefusal;
}

export function configured(
  dpu: DataProcessingUnit,
  choice: Choice,
  observed: ObservedState,
  refusals: Refusals,
): ConditionInput {
  const { rollout } = observed.status;
  if (choice.problem) return withProblem(choice, observed);
  if (rollout) return orOverdue(underWay(dpu, rollout, observed, refusals), observed);
  const name = choice.config && keyOf(choice.config);
  const runs = observed.status.plugin ? `; it runs ${nameOf(observed.status.plugin)}` : '';
  if (name) return verdict('True', 'Configured', `by DataProcessingUnitConfig ${name}${runs}`);
  return verdict('True', 'Defaults', `no DataProcessingUnitConfig selects it${runs}`);
}

function withProblem({ config, problem }: Choice, observed: ObservedState): ConditionInput {
  const where = config ? `DataProcessingUnitConfig ${keyOf(config)}: ` : '';
  return verdict('False', problem?.reason ?? '', `${where}${problem?.message}${keeps(observed)}`);
}

/** What runs and a rollout of which not all is understood are left alone: to begin anew would undo another version's work. */
export function unreadRollout(dpu: DataProcessingUnit): ConditionInput | undefined {
  const unread = notUnderstood(dpu).filter(({ field }) => field === 'status.plugin' || field === 'status.rollout');
  if (unread.length === 0) return undefined;
  const fields = unread.map(({ field, fault }) => `${field} (${fault})`).join(' and ');
  const patch = JSON.stringify({ status: Object.fromEntries(unread.map(({ field }) => [field.slice(7), null])) });
  const message = `this operator does not understand ${fields}, which another version wrote; what runs stays as it is. Let that version, or a newer one, run; to begin anew: kubectl patch dpu ${dpu.metadata.name} --subresource=status --type=merge -p '${patch}'`;
  return { type: dpuConditions.configured, status: 'False', reason: 'StatusNotUnderstood', message };
}

function keeps({ status: { plugin } }: ObservedState): string {
  return plugin ? `; the DPU keeps running ${nameOf(plugin)} with its settings` : '';
}

function underWay(
  dpu: DataProcessingUnit,
  rollout: Rollout,
  observed: ObservedState,
  refusals: Refusals,
): ConditionInput {
  const target = nameOf(rollout.target);
  const failure = refusals.installPod ? installRefused(refusals.installPod) : observed.installPod?.failure;
  switch (rollout.phase) {
    case 'Installing':
      if (failure) {
        return verdict(
          'False',
          failure.reason,
          `${target} cannot be installed: ${failure.message}${keeps(observed)}; it is tried again`,
        );
      }
      return installing(dpu, rollout, observed);
    case 'Draining':
      return draining(target, podsLeft(observed, rollout), refusals.evictions);
    case 'Replacing':
      return verdict('False', 'Replacing', `the VSP makes room for ${target}`);
    case 'Verifying': {
      const verdictNow = verify(observed, rollout);
      if (verdictNow.works || !verdictNow.over) return verdict('False', 'Verifying', `${target} has been started`);
      return verdict(
        'False',
        verdictNow.reason,
        `${target} does not work: ${verdictNow.message}; it goes on by itself once that is mended; to have its pod made anew: ${retryCommand(dpu.metadata.name)}`,
      );
    }
    case 'RollingBack':
      return verdict(
        'False',
        'RollingBack',
        `${rollout.message ?? `${target} is not wanted any more`}${back(observed)}`,
      );
    case 'Failed': {
      if (rollout.reason === drainTimedOut) return gaveUp(dpu, target, rollout, observed);
      const advice = `it is tried again when its version or settings change, or by ${retryCommand(dpu.metadata.name)}`;
      return verdict(
        'False',
        'RolledBack',
        `${target} failed (${rollout.reason}): ${rollout.message}${back(observed)}; ${advice}`,
      );
    }
  }
}

function installRefused({ conditionReason, message }: PodRefusal) {
  return { reason: conditionReason, message };
}

/** Of a change that pods have kept from beginning. */
function gaveUp(
  dpu: DataProcessingUnit,
  target: string,
  { message }: Rollout,
  observed: ObservedState,
): ConditionInput {
  const advice = `end them or mend their disruption budgets, then: ${retryCommand(dpu.metadata.name)}`;
  return verdict('False', drainTimedOut, `${target} was given up: ${message}${keeps(observed)}; ${advice}`);
}

function installing(dpu: DataProcessingUnit, { target }: Rollout, observed: ObservedState): ConditionInput {
  const { status, installPod } = observed;
  const isInstalled = !needsInstallPod(status.plugin, target) || installPod?.state === 'succeeded';
  const wait = isInstalled && status.plugin ? observed.waitsFor(target) : undefined;
  const said = findCondition(dpu.status?.conditions, dpuConditions.configured);
  if (wait?.isBrief && said) return said;
  if (wait) return verdict('False', wait.reason, `${wait.message}${keeps(observed)}`);
  return verdict('False', 'Installing', `${nameOf(target)} is being installed on node ${dpu.spec.nodeName}`);
}

/** Of a change that is stuck, with what it waits for. */
function orOverdue(said: ConditionInput, observed: ObservedState): ConditionInput {
  const left = overdueInMs(observed);
  if (left === undefined || left > 0 || !ordinaryReasons.includes(said.reason)) return said;
  const minutes = observed.deadlineMs / 60_000;
  const { vspPod } = observed;
  const why = vspPod?.hindrance ?? (vspPod ? vspPod.message : 'its pod is away');
  return verdict('False', 'Overdue', `${said.message}; this lasts for more than ${minutes} min: ${why}`);
}

function back({ status: { plugin }, vspPod, ready }: ObservedState): string {
  if (!plugin) return '';
  const runs = vspPod?.state === 'running' && vspPod.digest === plugin.digest && ready?.status === 'True';
  return runs ? `; the DPU runs ${nameOf(plugin)} again` : `; the DPU goes back to ${nameOf(plugin)}`;
}

function draining(target: string, pods: readonly string[] | undefined, refusals: readonly string[]): ConditionInput {
  if (!pods)
    return verdict('False', 'Draining', `before ${target} starts, the daemon takes the devices away from new pods`);
  if (refusals.length > 0) return verdict('False', 'DrainBlocked', `${target} waits for pods: ${refusals.join('; ')}`);
  return verdict('False', 'Draining', `${target} waits until these pods have ended: ${firstTen(pods)}`);
}

function verdict(status: 'True' | 'False', reason: string, message: string): ConditionInput {
  return { type: dpuConditions.configured, status, reason, message: cutText(message, longestMessage) };
}
