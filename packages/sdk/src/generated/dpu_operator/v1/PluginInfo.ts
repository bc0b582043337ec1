// Original file: proto/dpu_operator/v1/plugin_info.proto

import type { Capability as _dpu_operator_v1_Capability, Capability__Output as _dpu_operator_v1_Capability__Output } from '../../dpu_operator/v1/Capability.ts';
import type { Feature as _dpu_operator_v1_Feature, Feature__Output as _dpu_operator_v1_Feature__Output } from '../../dpu_operator/v1/Feature.ts';

export interface PluginInfo {
  'packageName'?: (string);
  'packageVersion'?: (string);
  'contractVersion'?: (string);
  'capabilities'?: (_dpu_operator_v1_Capability)[];
  'features'?: (_dpu_operator_v1_Feature)[];
}

export interface PluginInfo__Output {
  'packageName': (string);
  'packageVersion': (string);
  'contractVersion': (string);
  'capabilities': (_dpu_operator_v1_Capability__Output)[];
  'features': (_dpu_operator_v1_Feature__Output)[];
}
