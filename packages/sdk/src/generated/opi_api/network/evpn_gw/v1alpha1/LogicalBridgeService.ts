// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto

import type { Method } from '../../../../../wire/grpc/method.ts';
import type { CreateLogicalBridgeRequest as _opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest, CreateLogicalBridgeRequest__Output as _opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/CreateLogicalBridgeRequest.ts';
import type { DeleteLogicalBridgeRequest as _opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest, DeleteLogicalBridgeRequest__Output as _opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/DeleteLogicalBridgeRequest.ts';
import type { Empty as _google_protobuf_Empty, Empty__Output as _google_protobuf_Empty__Output } from '../../../../google/protobuf/Empty.ts';
import type { GetLogicalBridgeRequest as _opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest, GetLogicalBridgeRequest__Output as _opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/GetLogicalBridgeRequest.ts';
import type { ListLogicalBridgesRequest as _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest, ListLogicalBridgesRequest__Output as _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/ListLogicalBridgesRequest.ts';
import type { ListLogicalBridgesResponse as _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse, ListLogicalBridgesResponse__Output as _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/ListLogicalBridgesResponse.ts';
import type { LogicalBridge as _opi_api_network_evpn_gw_v1alpha1_LogicalBridge, LogicalBridge__Output as _opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/LogicalBridge.ts';
import type { UpdateLogicalBridgeRequest as _opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest, UpdateLogicalBridgeRequest__Output as _opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/UpdateLogicalBridgeRequest.ts';

export type LogicalBridgeService = {
  CreateLogicalBridge: Method<_opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest, _opi_api_network_evpn_gw_v1alpha1_LogicalBridge, _opi_api_network_evpn_gw_v1alpha1_CreateLogicalBridgeRequest__Output, _opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>
  DeleteLogicalBridge: Method<_opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest, _google_protobuf_Empty, _opi_api_network_evpn_gw_v1alpha1_DeleteLogicalBridgeRequest__Output, _google_protobuf_Empty__Output>
  GetLogicalBridge: Method<_opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest, _opi_api_network_evpn_gw_v1alpha1_LogicalBridge, _opi_api_network_evpn_gw_v1alpha1_GetLogicalBridgeRequest__Output, _opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>
  ListLogicalBridges: Method<_opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest, _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse, _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesRequest__Output, _opi_api_network_evpn_gw_v1alpha1_ListLogicalBridgesResponse__Output>
  UpdateLogicalBridge: Method<_opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest, _opi_api_network_evpn_gw_v1alpha1_LogicalBridge, _opi_api_network_evpn_gw_v1alpha1_UpdateLogicalBridgeRequest__Output, _opi_api_network_evpn_gw_v1alpha1_LogicalBridge__Output>
};
