// Original file: proto/opi_api/lifecycle/v1alpha1/lifecycle.proto

import type { Long } from '@grpc/proto-loader';

export interface PingRequest {
  'timestamp'?: (number | string | Long);
  'senderId'?: (string);
}

export interface PingRequest__Output {
  'timestamp': (string);
  'senderId': (string);
}
