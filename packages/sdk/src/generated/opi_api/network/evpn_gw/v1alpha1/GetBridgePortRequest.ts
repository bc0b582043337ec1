// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto


export interface GetBridgePortRequest {
  'name'?: (string);
}

export interface GetBridgePortRequest__Output {
  'name': (string);
}
