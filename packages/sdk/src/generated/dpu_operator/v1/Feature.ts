// Original file: proto/dpu_operator/v1/plugin_info.proto

import type { Limit as _dpu_operator_v1_Limit, Limit__Output as _dpu_operator_v1_Limit__Output } from '../../dpu_operator/v1/Limit.ts';

export interface Feature {
  'name'?: (string);
  'version'?: (number);
  'limits'?: ({[key: string]: _dpu_operator_v1_Limit});
}

export interface Feature__Output {
  'name': (string);
  'version': (number);
  'limits': ({[key: string]: _dpu_operator_v1_Limit__Output});
}
