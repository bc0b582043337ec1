// Original file: proto/p4runtime.proto

import type { MasterArbitrationUpdate as _p4_v1_MasterArbitrationUpdate, MasterArbitrationUpdate__Output as _p4_v1_MasterArbitrationUpdate__Output } from '../../p4/v1/MasterArbitrationUpdate.ts';

export interface StreamMessageResponse {
  'arbitration'?: (_p4_v1_MasterArbitrationUpdate | null);
  'update'?: "arbitration";
}

export interface StreamMessageResponse__Output {
  'arbitration'?: (_p4_v1_MasterArbitrationUpdate__Output | null);
  'update'?: "arbitration";
}
