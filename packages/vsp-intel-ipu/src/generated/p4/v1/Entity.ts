// Original file: proto/p4runtime.proto

import type { TableEntry as _p4_v1_TableEntry, TableEntry__Output as _p4_v1_TableEntry__Output } from '../../p4/v1/TableEntry.ts';

export interface Entity {
  'tableEntry'?: (_p4_v1_TableEntry | null);
  'entity'?: "tableEntry";
}

export interface Entity__Output {
  'tableEntry'?: (_p4_v1_TableEntry__Output | null);
  'entity'?: "tableEntry";
}
