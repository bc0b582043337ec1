// Original file: proto/dpu_operator/v1/plugin_info.proto

import type { Method } from '../../../wire/grpc/method.ts';
import type { Empty as _google_protobuf_Empty, Empty__Output as _google_protobuf_Empty__Output } from '../../google/protobuf/Empty.ts';
import type { PluginInfo as _dpu_operator_v1_PluginInfo, PluginInfo__Output as _dpu_operator_v1_PluginInfo__Output } from '../../dpu_operator/v1/PluginInfo.ts';

export type PluginInfoService = {
  GetPluginInfo: Method<_google_protobuf_Empty, _dpu_operator_v1_PluginInfo, _google_protobuf_Empty__Output, _dpu_operator_v1_PluginInfo__Output>
};
