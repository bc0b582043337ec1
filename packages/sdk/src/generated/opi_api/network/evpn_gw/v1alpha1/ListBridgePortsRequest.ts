// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto


export interface ListBridgePortsRequest {
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListBridgePortsRequest__Output {
  'pageSize': (number);
  'pageToken': (string);
}
