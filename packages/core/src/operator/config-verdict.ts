import { cutText } from '@dpu-operator/sdk/cut-text';
import type { ConditionInput } from '../api/conditions.ts';
import type { DataProcessingUnit } from '../api/data-processing-unit.ts';
import type { DataProcessingUnitConfig } from '../api/data-processing-unit-config.ts';
import { keyOf } from '../kube/resource.ts';
import { configsOf } from './dpu-settings.ts';
import { selects } from './label-selector.ts';
import { type ChoiceContext, type Problem, problemOf } from './plugin-choice.ts';
import { nameOf } from './rollout/plugin-run.ts';

/** What a DataProcessingUnitConfig's condition says of the DPUs that it selects. */
export function configVerdict(
  config: DataProcessingUnitConfig,
  configs: readonly DataProcessingUnitConfig[],
  dpus: readonly DataProcessingUnit[],
  context: ChoiceContext,
): ConditionInput {
  const selected = dpus.filter((dpu) => selects(config.spec.dpuSelector, dpu.metadata.labels));
  if (selected.length === 0) {
    return verdict('False', 'NothingSelected', 'spec.dpuSelector selects no DataProcessingUnit; compare its labels');
  }
  const faults: Problem[] = [];
  const superseded: string[] = [];
  const underWay: string[] = [];
  const applied: string[] = [];
  for (const dpu of selected) {
    const { name } = dpu.metadata;
    const [holder] = configsOf(dpu, configs);
    if (holder && keyOf(holder) !== keyOf(config)) {
      superseded.push(`${name} (by ${keyOf(holder)})`);
      continue;
    }
    const problem = problemOf(dpu, config, context);
    const { rollout } = dpu.status ?? {};
    if (problem) faults.push({ ...problem, message: `${name}: ${problem.message}` });
    else if (rollout?.phase === 'Failed') {
      const message = `${name}: ${nameOf(rollout.target)} failed and was rolled back: ${rollout.message}`;
      faults.push({ reason: 'RolledBack', message });
    } else if (rollout) underWay.push(name);
    else applied.push(name);
  }
  const [first] = faults;
  if (first) return verdict('False', first.reason, faults.map(({ message }) => message).join('; '));
  if (superseded.length > 0) {
    const rest = applied.length > 0 ? `; applied to ${applied.join(', ')}` : '';
    const message = `older configs hold for ${superseded.join(', ')}; narrow one of the selectors${rest}`;
    return verdict('False', 'Superseded', message);
  }
  if (underWay.length > 0) return verdict('False', 'RollingOut', `under way to ${underWay.join(', ')}`);
  return verdict('True', 'Applied', `applied to ${applied.join(', ')}`);
}

function verdict(status: 'True' | 'False', reason: string, message: string): ConditionInput {
  return { type: 'Applied', status, reason, message: cutText(message, 32_768) };
}
