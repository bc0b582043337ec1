// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto

import type { LogicalBridgeSpec as _opi_api_network_evpn_gw_v1alpha1_LogicalBridgeSpec, LogicalBridgeSpec__Output as _opi_api_network_evpn_gw_v1alpha1_LogicalBridgeSpec__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/LogicalBridgeSpec.ts';
import type { LogicalBridgeStatus as _opi_api_network_evpn_gw_v1alpha1_LogicalBridgeStatus, LogicalBridgeStatus__Output as _opi_api_network_evpn_gw_v1alpha1_LogicalBridgeStatus__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/LogicalBridgeStatus.ts';

export interface LogicalBridge {
  'name'?: (string);
  'spec'?: (_opi_api_network_evpn_gw_v1alpha1_LogicalBridgeSpec | null);
  'status'?: (_opi_api_network_evpn_gw_v1alpha1_LogicalBridgeStatus | null);
}

export interface LogicalBridge__Output {
  'name': (string);
  'spec': (_opi_api_network_evpn_gw_v1alpha1_LogicalBridgeSpec__Output | null);
  'status': (_opi_api_network_evpn_gw_v1alpha1_LogicalBridgeStatus__Output | null);
}
