// Original file: proto/opi_api/network/opinetcommon/v1alpha1/networktypes.proto

import type { IPAddress as _opi_api_network_opinetcommon_v1alpha1_IPAddress, IPAddress__Output as _opi_api_network_opinetcommon_v1alpha1_IPAddress__Output } from '../../../../opi_api/network/opinetcommon/v1alpha1/IPAddress.ts';

export interface IPPrefix {
  'addr'?: (_opi_api_network_opinetcommon_v1alpha1_IPAddress | null);
  'len'?: (number);
}

export interface IPPrefix__Output {
  'addr': (_opi_api_network_opinetcommon_v1alpha1_IPAddress__Output | null);
  'len': (number);
}
