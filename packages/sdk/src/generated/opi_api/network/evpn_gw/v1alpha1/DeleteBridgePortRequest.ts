// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto


export interface DeleteBridgePortRequest {
  'name'?: (string);
  'allowMissing'?: (boolean);
}

export interface DeleteBridgePortRequest__Output {
  'name': (string);
  'allowMissing': (boolean);
}
