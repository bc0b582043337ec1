// Original file: proto/p4info.proto

import type { Preamble as _p4_config_v1_Preamble, Preamble__Output as _p4_config_v1_Preamble__Output } from '../../../p4/config/v1/Preamble.ts';

export interface _p4_config_v1_Action_Param {
  'id'?: (number);
  'name'?: (string);
  'bitwidth'?: (number);
}

export interface _p4_config_v1_Action_Param__Output {
  'id': (number);
  'name': (string);
  'bitwidth': (number);
}

export interface Action {
  'preamble'?: (_p4_config_v1_Preamble | null);
  'params'?: (_p4_config_v1_Action_Param)[];
}

export interface Action__Output {
  'preamble': (_p4_config_v1_Preamble__Output | null);
  'params': (_p4_config_v1_Action_Param__Output)[];
}
