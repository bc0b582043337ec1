// Original file: proto/dpu_operator/v1/status.proto


export interface ResourceProgress {
  'names'?: (string)[];
}

export interface ResourceProgress__Output {
  'names': (string)[];
}
