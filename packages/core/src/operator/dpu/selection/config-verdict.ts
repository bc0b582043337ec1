/** What a DataProcessingUnitConfig's condition says of the DPUs that it selects. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { cutText } from '@dpu-operator/sdk/cut-text';
import { type ConditionInput, findCondition } from '../../../api/conditions.ts';
import { type DataProcessingUnit, dpuConditions } from '../../../api/data-processing-unit.ts';
import type { DataProcessingUnitConfig } from '../../../api/data-processing-unit-config.ts';
import { keyOf } from '../../../kube/resource.ts';
import { nameOf } from '../rollout/plugin-run.ts';
import { configsOf } from './dpu-settings.ts';
import { type ChoiceContext, type Problem, problemOf } from './plugin-choice.ts';

/** What has become of a config on one DPU. */
type Outcome =
  | { is: 'superseded'; by: string }
  | { is: 'refused'; reason: string; message: string }
  /** Everything else of it holds. */
  | { is: 'partlyApplied'; message: string }
  | { is: 'underWay'; message?: string }
  | { is: 'applied' };

export interface VerdictContext extends ChoiceContext {
  /** The configs that select a DPU. */
  configsFor(dpu: DataProcessingUnit): readonly DataProcessingUnitConfig[];
}

/** @param selected the DPUs that the config selects */
export function configVerdict(
  config: DataProcessingUnitConfig,
  selected: readonly DataProcessingUnit[],
  context: VerdictContext,
): ConditionInput {
  if (selected.length === 0) {
    return verdict('False', 'NothingSelected', 'spec.dpuSelector selects no DataProcessingUnit; compare its labels');
  }
  const outcomes = selected.map((dpu) => ({ name: dpu.metadata.name, ...outcomeOf(dpu, config, context) }));
  const refused = outcomes.filter((one) => one.is === 'refused');
  const [first] = refused;
  if (first) return verdict('False', first.reason, listed(refused));
  const superseded = outcomes.filter((one) => one.is === 'superseded').map(({ name, by }) => `${name} (by ${by})`);
  const partly = outcomes.filter((one) => one.is === 'partlyApplied');
  const underWay = outcomes.filter((one) => one.is === 'underWay');
  const applied = outcomes.filter((one) => one.is === 'applied').map(({ name }) => name);
  const rest = applied.length > 0 ? `; applied to ${few(applied)}` : '';
  if (superseded.length > 0) {
    const message = `older configs hold for ${few(superseded)}; narrow one of the selectors${rest}`;
    return verdict('False', 'Superseded', message);
  }
  if (partly.length > 0) return verdict('False', 'PartlyApplied', `${listed(partly)}${rest}`);
  if (underWay.length > 0) return verdict('False', 'RollingOut', `under way to ${listed(underWay)}`);
  return verdict('True', 'Applied', `applied to ${few(applied)}`);
}

/** What the condition of a DataProcessingUnitConfig says that does not count. */
export function wrongNamespace(namespace: string): ConditionInput {
  const message = `DataProcessingUnitConfigs count in namespace ${namespace} only; make it there, and delete this one`;
  return verdict('False', 'WrongNamespace', message);
}

function outcomeOf(dpu: DataProcessingUnit, config: DataProcessingUnitConfig, context: VerdictContext): Outcome {
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

function listed(outcomes: readonly { name: string; message?: string }[]): string {
  const named = outcomes.map(({ name, message }) => (message === undefined ? name : `${name}: ${message}`));
  return few(named, outcomes.some(({ message }) => message !== undefined) ? '; ' : ', ');
}

/** Of more than three DPUs the first, and how many more: the words stay as long as that does not change. */
function few(named: readonly string[], between = ', '): string {
  if (named.length <= 3) return named.join(between);
  const [first] = [...named].sort();
  return `${first} and ${named.length - 1} more DataProcessingUnits`;
}

function verdict(status: 'True' | 'False', reason: string, message: string): ConditionInput {
  return { type: 'Applied', status, reason, message: cutText(message, 32_768) };
}
