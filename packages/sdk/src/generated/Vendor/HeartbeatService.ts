// Original file: proto/vendor/vendor.proto

import type { Method } from '../../wire/grpc/method.ts';
import type { PingRequest as _opi_api_lifecycle_v1alpha1_PingRequest, PingRequest__Output as _opi_api_lifecycle_v1alpha1_PingRequest__Output } from '../opi_api/lifecycle/v1alpha1/PingRequest.ts';
import type { PingResponse as _opi_api_lifecycle_v1alpha1_PingResponse, PingResponse__Output as _opi_api_lifecycle_v1alpha1_PingResponse__Output } from '../opi_api/lifecycle/v1alpha1/PingResponse.ts';

export type HeartbeatService = {
  Ping: Method<_opi_api_lifecycle_v1alpha1_PingRequest, _opi_api_lifecycle_v1alpha1_PingResponse, _opi_api_lifecycle_v1alpha1_PingRequest__Output, _opi_api_lifecycle_v1alpha1_PingResponse__Output>
};
