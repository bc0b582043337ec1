// Original file: proto/opi_api/network/evpn_gw/v1alpha1/bridge.proto

import type { Method } from '../../../../../wire/grpc/method.ts';
import type { BridgePort as _opi_api_network_evpn_gw_v1alpha1_BridgePort, BridgePort__Output as _opi_api_network_evpn_gw_v1alpha1_BridgePort__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/BridgePort.ts';
import type { CreateBridgePortRequest as _opi_api_network_evpn_gw_v1alpha1_CreateBridgePortRequest, CreateBridgePortRequest__Output as _opi_api_network_evpn_gw_v1alpha1_CreateBridgePortRequest__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/CreateBridgePortRequest.ts';
import type { DeleteBridgePortRequest as _opi_api_network_evpn_gw_v1alpha1_DeleteBridgePortRequest, DeleteBridgePortRequest__Output as _opi_api_network_evpn_gw_v1alpha1_DeleteBridgePortRequest__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/DeleteBridgePortRequest.ts';
import type { Empty as _google_protobuf_Empty, Empty__Output as _google_protobuf_Empty__Output } from '../../../../google/protobuf/Empty.ts';
import type { GetBridgePortRequest as _opi_api_network_evpn_gw_v1alpha1_GetBridgePortRequest, GetBridgePortRequest__Output as _opi_api_network_evpn_gw_v1alpha1_GetBridgePortRequest__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/GetBridgePortRequest.ts';
import type { ListBridgePortsRequest as _opi_api_network_evpn_gw_v1alpha1_ListBridgePortsRequest, ListBridgePortsRequest__Output as _opi_api_network_evpn_gw_v1alpha1_ListBridgePortsRequest__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/ListBridgePortsRequest.ts';
import type { ListBridgePortsResponse as _opi_api_network_evpn_gw_v1alpha1_ListBridgePortsResponse, ListBridgePortsResponse__Output as _opi_api_network_evpn_gw_v1alpha1_ListBridgePortsResponse__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/ListBridgePortsResponse.ts';
import type { UpdateBridgePortRequest as _opi_api_network_evpn_gw_v1alpha1_UpdateBridgePortRequest, UpdateBridgePortRequest__Output as _opi_api_network_evpn_gw_v1alpha1_UpdateBridgePortRequest__Output } from '../../../../opi_api/network/evpn_gw/v1alpha1/UpdateBridgePortRequest.ts';

export type BridgePortService = {
  CreateBridgePort: Method<_opi_api_network_evpn_gw_v1alpha1_CreateBridgePortRequest, _opi_api_network_evpn_gw_v1alpha1_BridgePort, _opi_api_network_evpn_gw_v1alpha1_CreateBridgePortRequest__Output, _opi_api_network_evpn_gw_v1alpha1_BridgePort__Output>
  DeleteBridgePort: Method<_opi_api_network_evpn_gw_v1alpha1_DeleteBridgePortRequest, _google_protobuf_Empty, _opi_api_network_evpn_gw_v1alpha1_DeleteBridgePortRequest__Output, _google_protobuf_Empty__Output>
  GetBridgePort: Method<_opi_api_network_evpn_gw_v1alpha1_GetBridgePortRequest, _opi_api_network_evpn_gw_v1alpha1_BridgePort, _opi_api_network_evpn_gw_v1alpha1_GetBridgePortRequest__Output, _opi_api_network_evpn_gw_v1alpha1_BridgePort__Output>
  ListBridgePorts: Method<_opi_api_network_evpn_gw_v1alpha1_ListBridgePortsRequest, _opi_api_network_evpn_gw_v1alpha1_ListBridgePortsResponse, _opi_api_network_evpn_gw_v1alpha1_ListBridgePortsRequest__Output, _opi_api_network_evpn_gw_v1alpha1_ListBridgePortsResponse__Output>
  UpdateBridgePort: Method<_opi_api_network_evpn_gw_v1alpha1_UpdateBridgePortRequest, _opi_api_network_evpn_gw_v1alpha1_BridgePort, _opi_api_network_evpn_gw_v1alpha1_UpdateBridgePortRequest__Output, _opi_api_network_evpn_gw_v1alpha1_BridgePort__Output>
};
