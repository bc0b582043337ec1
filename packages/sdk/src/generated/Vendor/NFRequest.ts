// Original file: proto/vendor/vendor.proto


export interface NFRequest {
  'input'?: (string);
  'output'?: (string);
  'bridgeId'?: (string);
}

export interface NFRequest__Output {
  'input': (string);
  'output': (string);
  'bridgeId': (string);
}
