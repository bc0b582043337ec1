// Original file: proto/p4info.proto

import type { Preamble as _p4_config_v1_Preamble, Preamble__Output as _p4_config_v1_Preamble__Output } from '../../../p4/config/v1/Preamble.ts';
import type { MatchField as _p4_config_v1_MatchField, MatchField__Output as _p4_config_v1_MatchField__Output } from '../../../p4/config/v1/MatchField.ts';
import type { ActionRef as _p4_config_v1_ActionRef, ActionRef__Output as _p4_config_v1_ActionRef__Output } from '../../../p4/config/v1/ActionRef.ts';
import type { Long } from '@grpc/proto-loader';

export interface Table {
  'preamble'?: (_p4_config_v1_Preamble | null);
  'matchFields'?: (_p4_config_v1_MatchField)[];
  'actionRefs'?: (_p4_config_v1_ActionRef)[];
  'size'?: (number | string | Long);
}

export interface Table__Output {
  'preamble': (_p4_config_v1_Preamble__Output | null);
  'matchFields': (_p4_config_v1_MatchField__Output)[];
  'actionRefs': (_p4_config_v1_ActionRef__Output)[];
  'size': (string);
}
