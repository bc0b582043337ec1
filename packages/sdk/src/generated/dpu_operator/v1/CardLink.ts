// Original file: proto/dpu_operator/v1/status.proto


export interface CardLink {
  'name'?: (string);
  'up'?: (boolean);
  'speedMbps'?: (number);
}

export interface CardLink__Output {
  'name': (string);
  'up': (boolean);
  'speedMbps': (number);
}
