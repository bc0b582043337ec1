/** How many DPUs may change at a time, and whether they may at all. Pure. */
import { mostApproved, type RolloutPolicySpec } from '../../../../api/fields/rollout-policy.ts';
import type { DataProcessingUnitConfig } from '../../../../api/kinds/data-processing-unit-config.ts';
import type { DpuOperatorConfig } from '../../../../api/kinds/dpu-operator-config.ts';
import { configName } from '../../../../api/names/names.ts';
import { keyOf } from '../../../../kube/objects/resource.ts';
import { allDpus, ofConfig, type Scope } from './fleet.ts';

/** Of the DPUs, and of the daemons' nodes, as many at a time. */
export const defaultMaxUnavailable = '10%';
const defaultDeadlineMinutes = 30;

export interface Policy {
  /** The DPUs that it is for. */
  scope: Scope;
  /** Whose it is, for messages. */
  where: string;
  /** How a person changes it: `kubectl patch …`. */
  patchCommand: string;
  spec: RolloutPolicySpec;
}

/** All that hold for a DPU: that of the cluster, and that of the config which selects it. */
export function policiesOf(
  operatorConfig: DpuOperatorConfig | undefined,
  config: DataProcessingUnitConfig | undefined,
): Policy[] {
  const spec = operatorConfig?.spec.rollout ?? {};
  const forAll: Policy = {
    scope: allDpus,
    where: `DpuOperatorConfig ${configName}`,
    patchCommand: `kubectl patch dpuoperatorconfig ${configName}`,
    spec: { ...spec, maxUnavailable: spec.maxUnavailable ?? defaultMaxUnavailable },
  };
  if (!config?.spec.rollout) return [forAll];
  const { name, namespace } = config.metadata;
  const own: Policy = {
    scope: ofConfig(keyOf(config)),
    where: `DataProcessingUnitConfig ${keyOf(config)}`,
    patchCommand: `kubectl patch dpuconfig -n ${namespace} ${name}`,
    spec: config.spec.rollout,
  };
  return [forAll, own];
}

/** How many of so many change at a time: at least one. */
export function mostOf(maxUnavailable: number | string, count: number): number {
  const percent = typeof maxUnavailable === 'string';
  const most = percent ? Math.ceil((count * Number.parseInt(maxUnavailable, 10)) / 100) : maxUnavailable;
  // What is no number, as another version may have stored it, is as little as there is.
  return Math.max(1, most || 1);
}

/** Milliseconds that a DPU is waited for, by the narrowest policy that says it. */
export function deadlineMs(policies: readonly Policy[]): number {
  const minutes = policies.findLast(({ spec }) => spec.deadlineMinutes !== undefined)?.spec.deadlineMinutes;
  return (minutes ?? defaultDeadlineMinutes) * 60_000;
}

/** What approves one more change, and leaves those approved before, but for the oldest where there is no room. */
export function approvalCommand({ patchCommand, spec }: Policy, id: string): string {
  const before = (spec.approved ?? []).slice(1 - mostApproved);
  const patch = JSON.stringify({ spec: { rollout: { approved: [...before, id] } } });
  return `${patchCommand} --type merge -p '${patch}'`;
}

/** What has a paused rollout go on. */
export function resumeCommand({ patchCommand }: Policy): string {
  return `${patchCommand} --type merge -p '{"spec":{"rollout":{"paused":false}}}'`;
}
