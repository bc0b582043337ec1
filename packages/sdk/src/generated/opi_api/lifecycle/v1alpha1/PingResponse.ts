// Original file: proto/opi_api/lifecycle/v1alpha1/lifecycle.proto

export interface PingResponse {
  'timestamp'?: (number | string);
  'responderId'?: (string);
  'healthy'?: (boolean);
}

export interface PingResponse__Output {
  'timestamp': (string);
  'responderId': (string);
  'healthy': (boolean);
}
