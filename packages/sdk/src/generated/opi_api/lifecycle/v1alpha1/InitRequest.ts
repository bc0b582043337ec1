// Original file: proto/opi_api/lifecycle/v1alpha1/lifecycle.proto


export interface InitRequest {
  'dpuMode'?: (boolean);
  'dpuIdentifier'?: (string);
}

export interface InitRequest__Output {
  'dpuMode': (boolean);
  'dpuIdentifier': (string);
}
