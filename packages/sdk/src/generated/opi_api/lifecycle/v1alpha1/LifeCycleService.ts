// Original file: proto/opi_api/lifecycle/v1alpha1/lifecycle.proto

import type { Method } from '../../../../wire/grpc/method.ts';
import type { InitRequest as _opi_api_lifecycle_v1alpha1_InitRequest, InitRequest__Output as _opi_api_lifecycle_v1alpha1_InitRequest__Output } from '../../../opi_api/lifecycle/v1alpha1/InitRequest.ts';
import type { IpPort as _opi_api_lifecycle_v1alpha1_IpPort, IpPort__Output as _opi_api_lifecycle_v1alpha1_IpPort__Output } from '../../../opi_api/lifecycle/v1alpha1/IpPort.ts';

export type LifeCycleService = {
  Init: Method<_opi_api_lifecycle_v1alpha1_InitRequest, _opi_api_lifecycle_v1alpha1_IpPort, _opi_api_lifecycle_v1alpha1_InitRequest__Output, _opi_api_lifecycle_v1alpha1_IpPort__Output>
};
