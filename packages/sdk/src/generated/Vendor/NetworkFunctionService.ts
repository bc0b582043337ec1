// Original file: proto/vendor/vendor.proto

import type { Method } from '../../wire/grpc/method.ts';
import type { Empty as _Vendor_Empty, Empty__Output as _Vendor_Empty__Output } from '../Vendor/Empty.ts';
import type { NFRequest as _Vendor_NFRequest, NFRequest__Output as _Vendor_NFRequest__Output } from '../Vendor/NFRequest.ts';

export type NetworkFunctionService = {
  CreateNetworkFunction: Method<_Vendor_NFRequest, _Vendor_Empty, _Vendor_NFRequest__Output, _Vendor_Empty__Output>
  DeleteNetworkFunction: Method<_Vendor_NFRequest, _Vendor_Empty, _Vendor_NFRequest__Output, _Vendor_Empty__Output>
};
