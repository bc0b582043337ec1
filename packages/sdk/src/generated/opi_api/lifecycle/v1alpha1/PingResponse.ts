// Original file: proto/opi_api/lifecycle/v1alpha1/lifecycle.proto

import type { Long } from '@grpc/proto-loader';

export interface PingResponse {
  'timestamp'?: (number | string | Long);
  'responderId'?: (string);
  'healthy'?: (boolean);
}

export interface PingResponse__Output {
  'timestamp': (string);
  'responderId': (string);
  'healthy': (boolean);
}
