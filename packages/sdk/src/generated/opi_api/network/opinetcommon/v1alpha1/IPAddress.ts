// Original file: proto/opi_api/network/opinetcommon/v1alpha1/networktypes.proto

import type { IpAf as _opi_api_network_opinetcommon_v1alpha1_IpAf, IpAf__Output as _opi_api_network_opinetcommon_v1alpha1_IpAf__Output } from '../../../../opi_api/network/opinetcommon/v1alpha1/IpAf.ts';

export interface IPAddress {
  'af'?: (_opi_api_network_opinetcommon_v1alpha1_IpAf);
  'v4Addr'?: (number);
  'v6Addr'?: (Buffer | Uint8Array | string);
  'v4OrV6'?: "v4Addr"|"v6Addr";
}

export interface IPAddress__Output {
  'af': (_opi_api_network_opinetcommon_v1alpha1_IpAf__Output);
  'v4Addr'?: (number);
  'v6Addr'?: (Buffer);
  'v4OrV6'?: "v4Addr"|"v6Addr";
}
