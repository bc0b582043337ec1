// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto


export interface ListLogicalBridgesRequest {
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListLogicalBridgesRequest__Output {
  'pageSize': (number);
  'pageToken': (string);
}
