// Original file: proto/p4runtime.proto

import type { Action as _p4_v1_Action, Action__Output as _p4_v1_Action__Output } from '../../p4/v1/Action.ts';

export interface TableAction {
  'action'?: (_p4_v1_Action | null);
  'type'?: "action";
}

export interface TableAction__Output {
  'action'?: (_p4_v1_Action__Output | null);
  'type'?: "action";
}
