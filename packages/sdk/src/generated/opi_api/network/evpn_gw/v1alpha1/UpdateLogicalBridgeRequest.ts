// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto

import type { LogicalBridge as _opi_api_network_evpn_gw_v1alpha1_LogicalBridge, LogicalBridge__Output as _opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/LogicalBridge.ts';
import type { FieldMask as _google_protobuf_FieldMask, FieldMask__Output as _google_protobuf_FieldMask__Output } from '../../../../google/protobuf/FieldMask.ts';

export interface UpdateLogicalBridgeRequest {
  'logicalBridge'?: (_opi_api_network_evpn_gw_v1alpha1_LogicalBridge | null);
  'updateMask'?: (_google_protobuf_FieldMask | null);
  'allowMissing'?: (boolean);
}

export interface UpdateLogicalBridgeRequest__Output {
  'logicalBridge': (_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output | null);
  'updateMask': (_google_protobuf_FieldMask__Output | null);
  'allowMissing': (boolean);
}
