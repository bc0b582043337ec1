// Original file: proto/opi_api/lifecycle/v1alpha1/lifecycle.proto


export interface TopologyInfo {
  'node'?: (string);
}

export interface TopologyInfo__Output {
  'node': (string);
}
