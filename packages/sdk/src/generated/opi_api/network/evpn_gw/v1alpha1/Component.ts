// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto

import type { CompStatus as _opi_api_network_evpn_gw_v1alpha1_CompStatus, CompStatus__Output as _opi_api_network_evpn_gw_v1alpha1_CompStatus__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/CompStatus.ts';

export interface Component {
  'name'?: (string);
  'status'?: (_opi_api_network_evpn_gw_v1alpha1_CompStatus);
  'details'?: (string);
}

export interface Component__Output {
  'name': (string);
  'status': (_opi_api_network_evpn_gw_v1alpha1_CompStatus__Output);
  'details': (string);
}
