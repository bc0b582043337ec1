// Original file: proto/vendor/vendor.proto

import type { Method } from '../../wire/grpc/method.ts';
import type { DpuNetworkConfigRequest as _Vendor_DpuNetworkConfigRequest, DpuNetworkConfigRequest__Output as _Vendor_DpuNetworkConfigRequest__Output } from '../Vendor/DpuNetworkConfigRequest.ts';
import type { Empty as _Vendor_Empty, Empty__Output as _Vendor_Empty__Output } from '../Vendor/Empty.ts';

export type DpuNetworkConfigService = {
  SetDpuNetworkConfig: Method<_Vendor_DpuNetworkConfigRequest, _Vendor_Empty, _Vendor_DpuNetworkConfigRequest__Output, _Vendor_Empty__Output>
};
