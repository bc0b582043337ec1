import type { ConditionInput } from '../api/conditions.ts';
import type { DataProcessingUnit } from '../api/data-processing-unit.ts';
import type { DataProcessingUnitConfig } from '../api/data-processing-unit-config.ts';
import { keyOf } from '../kube/resource.ts';
import type { InstalledPlugin } from '../plugins/installed.ts';
import { checkSettings, configsOf } from './dpu-settings.ts';
import { selects } from './label-selector.ts';
import { pluginOf } from './plugin-of.ts';

/** What a DataProcessingUnitConfig's condition says of the DPUs that it selects. */
export function configVerdict(
  config: DataProcessingUnitConfig,
  configs: readonly DataProcessingUnitConfig[],
  dpus: readonly DataProcessingUnit[],
  plugins: readonly InstalledPlugin[],
): ConditionInput {
  const selected = dpus.filter((dpu) => selects(config.spec.dpuSelector, dpu.metadata.labels));
  if (selected.length === 0) {
    return verdict('False', 'NothingSelected', 'spec.dpuSelector selects no DataProcessingUnit; compare its labels');
  }
  const faults: string[] = [];
  const superseded: string[] = [];
  const applied: string[] = [];
  for (const dpu of selected) {
    const { name } = dpu.metadata;
    const [holder] = configsOf(dpu, configs);
    const schema = pluginOf(dpu, plugins)?.manifest.settings;
    const problem = schema && checkSettings(schema, config.spec.settings ?? {});
    if (holder && keyOf(holder) !== keyOf(config)) superseded.push(`${name} (by ${keyOf(holder)})`);
    else if (problem) faults.push(`${name}: ${problem}`);
    else applied.push(name);
  }
  if (faults.length > 0) return verdict('False', 'SettingsInvalid', faults.join('; '));
  if (superseded.length > 0) {
    const rest = applied.length > 0 ? `; applied to ${applied.join(', ')}` : '';
    const message = `older configs hold for ${superseded.join(', ')}; narrow one of the selectors${rest}`;
    return verdict('False', 'Superseded', message);
  }
  return verdict('True', 'Applied', `applied to ${applied.join(', ')}`);
}

function verdict(status: 'True' | 'False', reason: string, message: string): ConditionInput {
  return { type: 'Applied', status, reason, message: message.slice(0, 32_768) };
}
