// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto

import type { LogicalBridge as _opi_api_network_evpn_gw_v1alpha1_LogicalBridge, LogicalBridge__Output as _opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/LogicalBridge.ts';

export interface ListLogicalBridgesResponse {
  'logicalBridges'?: (_opi_api_network_evpn_gw_v1alpha1_LogicalBridge)[];
  'nextPageToken'?: (string);
}

export interface ListLogicalBridgesResponse__Output {
  'logicalBridges': (_opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output)[];
  'nextPageToken': (string);
}
