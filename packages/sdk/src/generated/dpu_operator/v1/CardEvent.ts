// Original file: proto/dpu_operator/v1/status.proto


export interface CardEvent {
  'warning'?: (boolean);
  'reason'?: (string);
  'message'?: (string);
}

export interface CardEvent__Output {
  'warning': (boolean);
  'reason': (string);
  'message': (string);
}
