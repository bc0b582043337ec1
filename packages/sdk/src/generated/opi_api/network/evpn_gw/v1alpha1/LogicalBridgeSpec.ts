// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto

import type { IPPrefix as _opi_api_network_opinetcommon_v1alpha1_IPPrefix, IPPrefix__Output as _opi_api_network_opinetcommon_v1alpha1_IPPrefix__Output } from '../../../../opi_api/network/opinetcommon/v1alpha1/IPPrefix.ts';

export interface LogicalBridgeSpec {
  'vlanId'?: (number);
  'vni'?: (number);
  'vtepIpPrefix'?: (_opi_api_network_opinetcommon_v1alpha1_IPPrefix | null);
  '_vni'?: "vni";
}

export interface LogicalBridgeSpec__Output {
  'vlanId': (number);
  'vni'?: (number);
  'vtepIpPrefix': (_opi_api_network_opinetcommon_v1alpha1_IPPrefix__Output | null);
  '_vni'?: "vni";
}
