// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto

import type { BPOperStatus as _opi_api_network_evpn_gw_v1alpha1_BPOperStatus, BPOperStatus__Output as _opi_api_network_evpn_gw_v1alpha1_BPOperStatus__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/BPOperStatus.ts';
import type { Component as _opi_api_network_evpn_gw_v1alpha1_Component, Component__Output as _opi_api_network_evpn_gw_v1alpha1_Component__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/Component.ts';

export interface BridgePortStatus {
  'operStatus'?: (_opi_api_network_evpn_gw_v1alpha1_BPOperStatus);
  'components'?: (_opi_api_network_evpn_gw_v1alpha1_Component)[];
}

export interface BridgePortStatus__Output {
  'operStatus': (_opi_api_network_evpn_gw_v1alpha1_BPOperStatus__Output);
  'components': (_opi_api_network_evpn_gw_v1alpha1_Component__Output)[];
}
