// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto


export interface DeleteLogicalBridgeRequest {
  'name'?: (string);
  'allowMissing'?: (boolean);
}

export interface DeleteLogicalBridgeRequest__Output {
  'name': (string);
  'allowMissing': (boolean);
}
