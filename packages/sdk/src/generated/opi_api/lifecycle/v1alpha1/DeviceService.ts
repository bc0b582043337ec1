// Original file: proto/opi_api/lifecycle/v1alpha1/lifecycle.proto

import type { Method } from '../../../../wire/grpc/method.ts';
import type { DeviceListResponse as _opi_api_lifecycle_v1alpha1_DeviceListResponse, DeviceListResponse__Output as _opi_api_lifecycle_v1alpha1_DeviceListResponse__Output } from '../../../opi_api/lifecycle/v1alpha1/DeviceListResponse.ts';
import type { Empty as _google_protobuf_Empty, Empty__Output as _google_protobuf_Empty__Output } from '../../../google/protobuf/Empty.ts';
import type { VfCount as _opi_api_lifecycle_v1alpha1_VfCount, VfCount__Output as _opi_api_lifecycle_v1alpha1_VfCount__Output } from '../../../opi_api/lifecycle/v1alpha1/VfCount.ts';

export type DeviceService = {
  GetDevices: Method<_google_protobuf_Empty, _opi_api_lifecycle_v1alpha1_DeviceListResponse, _google_protobuf_Empty__Output, _opi_api_lifecycle_v1alpha1_DeviceListResponse__Output>
  SetNumVfs: Method<_opi_api_lifecycle_v1alpha1_VfCount, _opi_api_lifecycle_v1alpha1_VfCount, _opi_api_lifecycle_v1alpha1_VfCount__Output, _opi_api_lifecycle_v1alpha1_VfCount__Output>
};
