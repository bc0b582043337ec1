// Original file: proto/opi_api/lifecycle/v1alpha1/lifecycle.proto

export interface PingRequest {
  'timestamp'?: (number | string);
  'senderId'?: (string);
}

export interface PingRequest__Output {
  'timestamp': (string);
  'senderId': (string);
}
