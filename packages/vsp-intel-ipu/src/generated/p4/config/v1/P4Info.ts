// Original file: proto/p4info.proto

import type { PkgInfo as _p4_config_v1_PkgInfo, PkgInfo__Output as _p4_config_v1_PkgInfo__Output } from '../../../p4/config/v1/PkgInfo.ts';
import type { Table as _p4_config_v1_Table, Table__Output as _p4_config_v1_Table__Output } from '../../../p4/config/v1/Table.ts';
import type { Action as _p4_config_v1_Action, Action__Output as _p4_config_v1_Action__Output } from '../../../p4/config/v1/Action.ts';

export interface P4Info {
  'pkgInfo'?: (_p4_config_v1_PkgInfo | null);
  'tables'?: (_p4_config_v1_Table)[];
  'actions'?: (_p4_config_v1_Action)[];
}

export interface P4Info__Output {
  'pkgInfo': (_p4_config_v1_PkgInfo__Output | null);
  'tables': (_p4_config_v1_Table__Output)[];
  'actions': (_p4_config_v1_Action__Output)[];
}
