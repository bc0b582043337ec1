// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto

import type { LBOperStatus as _opi_api_network_evpn_gw_v1alpha1_LBOperStatus, LBOperStatus__Output as _opi_api_network_evpn_gw_v1alpha1_LBOperStatus__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/LBOperStatus.ts';
import type { Component as _opi_api_network_evpn_gw_v1alpha1_Component, Component__Output as _opi_api_network_evpn_gw_v1alpha1_Component__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/Component.ts';

export interface LogicalBridgeStatus {
  'operStatus'?: (_opi_api_network_evpn_gw_v1alpha1_LBOperStatus);
  'components'?: (_opi_api_network_evpn_gw_v1alpha1_Component)[];
}

export interface LogicalBridgeStatus__Output {
  'operStatus': (_opi_api_network_evpn_gw_v1alpha1_LBOperStatus__Output);
  'components': (_opi_api_network_evpn_gw_v1alpha1_Component__Output)[];
}
