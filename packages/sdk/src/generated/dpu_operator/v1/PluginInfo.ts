// Original file: proto/dpu_operator/v1/plugin_info.proto

import type { Capability as _dpu_operator_v1_Capability, Capability__Output as _dpu_operator_v1_Capability__Output } from '../../dpu_operator/v1/Capability.ts';

export interface PluginInfo {
  'packageName'?: (string);
  'packageVersion'?: (string);
  'contractVersion'?: (string);
  'capabilities'?: (_dpu_operator_v1_Capability)[];
}

export interface PluginInfo__Output {
  'packageName': (string);
  'packageVersion': (string);
  'contractVersion': (string);
  'capabilities': (_dpu_operator_v1_Capability__Output)[];
}
