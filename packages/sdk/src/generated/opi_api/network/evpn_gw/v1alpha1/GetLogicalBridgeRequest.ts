// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto


export interface GetLogicalBridgeRequest {
  'name'?: (string);
}

export interface GetLogicalBridgeRequest__Output {
  'name': (string);
}
