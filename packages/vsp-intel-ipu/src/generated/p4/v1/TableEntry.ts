// Original file: proto/p4runtime.proto

import type { FieldMatch as _p4_v1_FieldMatch, FieldMatch__Output as _p4_v1_FieldMatch__Output } from '../../p4/v1/FieldMatch.ts';
import type { TableAction as _p4_v1_TableAction, TableAction__Output as _p4_v1_TableAction__Output } from '../../p4/v1/TableAction.ts';

export interface TableEntry {
  'tableId'?: (number);
  'match'?: (_p4_v1_FieldMatch)[];
  'action'?: (_p4_v1_TableAction | null);
  'priority'?: (number);
  'isDefaultAction'?: (boolean);
}

export interface TableEntry__Output {
  'tableId': (number);
  'match': (_p4_v1_FieldMatch__Output)[];
  'action': (_p4_v1_TableAction__Output | null);
  'priority': (number);
  'isDefaultAction': (boolean);
}
