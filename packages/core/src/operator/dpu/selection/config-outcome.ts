/** What has become of a DataProcessingUnitConfig on a DPU that it selects. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { findCondition } from '../../../api/fields/conditions.ts';
import { type DataProcessingUnit, dpuConditions } from '../../../api/kinds/data-processing-unit.ts';
import type { DataProcessingUnitConfig } from '../../../api/kinds/data-processing-unit-config.ts';
import { keyOf } from '../../../kube/objects/resource.ts';
import { nameOf } from '../rollout/plugin-run.ts';
import type { Outcome } from './config-outcomes.ts';
import { configsOf } from './dpu-settings.ts';
import { type ChoiceContext, type Problem, problemOf } from './plugin-choice.ts';

export interface OutcomeContext extends ChoiceContext {
  /** The configs that select a DPU. */
  configsFor(dpu: DataProcessingUnit): readonly DataProcessingUnitConfig[];
}

/** @param dpu one that the config selects */
export function outcomeOf(dpu: DataProcessingUnit, config: DataProcessingUnitConfig, context: OutcomeContext): Outcome {
  const [holder] = configsOf(dpu, context.configsFor(dpu));
  if (holder && keyOf(holder) !== keyOf(config)) return { is: 'superseded', by: keyOf(holder) };
  const problem: Problem | undefined = problemOf(dpu, config, context);
  if (problem) return { is: 'refused', ...problem };
  const { rollout } = dpu.status ?? {};
  if (rollout?.phase === 'Failed') {
    const message = `${nameOf(rollout.target)} failed and was rolled back: ${rollout.message}`;
    return { is: 'refused', reason: 'RolledBack', message };
  }
  return rollout ? { is: 'underWay' } : vfCountOutcome(dpu, config);
}

/** The number of virtual functions is the one wish of a config that the daemon puts in force beside the rollout. */
function vfCountOutcome({ metadata, spec, status }: DataProcessingUnit, config: DataProcessingUnitConfig): Outcome {
  const { numVfs, numVfsPerPf } = config.spec;
  if ((numVfs === undefined && numVfsPerPf === undefined) || spec.isDpuSide) return { is: 'applied' };
  const said = findCondition(status?.conditions, dpuConditions.vfCount);
  const isRecorded = isDeepStrictEqual([spec.numVfs, spec.numVfsPerPf], [numVfs, numVfsPerPf]);
  const isOfThisWish = isRecorded && said?.observedGeneration === metadata.generation;
  if (!said || !isOfThisWish) return { is: 'underWay' };
  if (said.status === 'True') return { is: 'applied' };
  if (said.reason === 'Resizing') return { is: 'underWay', message: said.message };
  const field = numVfsPerPf === undefined ? 'numVfs' : 'numVfsPerPf';
  return { is: 'partlyApplied', message: `${field}: ${said.message}` };
}
