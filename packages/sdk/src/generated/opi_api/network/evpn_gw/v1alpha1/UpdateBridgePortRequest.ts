// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto

import type { BridgePort as _opi_api_network_evpn_gw_v1alpha1_BridgePort, BridgePort__Output as _opi_api_network_evpn_gw_v1alpha1_BridgePort__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/BridgePort.ts';
import type { FieldMask as _google_protobuf_FieldMask, FieldMask__Output as _google_protobuf_FieldMask__Output } from '../../../../google/protobuf/FieldMask.ts';

export interface UpdateBridgePortRequest {
  'bridgePort'?: (_opi_api_network_evpn_gw_v1alpha1_BridgePort | null);
  'updateMask'?: (_google_protobuf_FieldMask | null);
  'allowMissing'?: (boolean);
}

export interface UpdateBridgePortRequest__Output {
  'bridgePort': (_opi_api_network_evpn_gw_v1alpha1_BridgePort__Output | null);
  'updateMask': (_google_protobuf_FieldMask__Output | null);
  'allowMissing': (boolean);
}
