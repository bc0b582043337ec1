// Original file: proto/dpu_operator/v1/device_watch.proto

import type { Method } from '../../../wire/grpc/method.ts';
import type { DeviceListResponse as _opi_api_lifecycle_v1alpha1_DeviceListResponse, DeviceListResponse__Output as _opi_api_lifecycle_v1alpha1_DeviceListResponse__Output } from '../../opi_api/lifecycle/v1alpha1/DeviceListResponse.ts';
import type { Empty as _google_protobuf_Empty, Empty__Output as _google_protobuf_Empty__Output } from '../../google/protobuf/Empty.ts';

export type DeviceWatchService = {
  WatchDevices: Method<_google_protobuf_Empty, _opi_api_lifecycle_v1alpha1_DeviceListResponse, _google_protobuf_Empty__Output, _opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>
};
