import type { Server } from '@grpc/grpc-js';
import type { BridgeContract } from '../../contract.ts';
import { DpuError } from '../../errors.ts';
import type { LogicalBridge__Output } from '../../generated/opi_api/network/evpn_gw/v1alpha1/LogicalBridge.ts';
import { logicalBridgeFromWire, logicalBridgeToWire } from '../../wire/bridges.ts';
import { logicalBridgeService } from '../../wire/definitions.ts';
import { addUnaryService, type UnaryHandlers } from '../../wire/unary.ts';
import { mergeMasked } from '../field-mask.ts';
import { Resources } from '../resources.ts';
import type { PluginSession } from '../session.ts';

const updatable = {
  'spec.vlan_id': 'vlanId',
  'spec.vni': 'vni',
  'spec.vtep_ip_prefix': 'vtepIpPrefix',
} as const;

export function addLogicalBridges(server: Server, session: PluginSession, contract: BridgeContract): void {
  const bridges = new Resources('logicalBridges', {
    list: () => contract.listLogicalBridges(),
    create: (bridge) => contract.createLogicalBridge(bridge),
    update: (bridge) => contract.updateLogicalBridge(bridge),
    delete: (name) => contract.deleteLogicalBridge(name),
  });
  const handlers: UnaryHandlers<typeof logicalBridgeService> = {
    CreateLogicalBridge: async ({ logicalBridgeId, logicalBridge }) => {
      const bridge = required(logicalBridge);
      const named = { ...bridge, name: logicalBridgeId || bridge.name };
      return logicalBridgeToWire(await bridges.create(logicalBridgeFromWire(named)));
    },
    ListLogicalBridges: async ({ pageSize, pageToken }) => {
      const { resources, nextPageToken } = await bridges.list(pageSize, pageToken);
      return { logicalBridges: resources.map(logicalBridgeToWire), nextPageToken };
    },
    GetLogicalBridge: async ({ name }) => logicalBridgeToWire(await bridges.get(name)),
    DeleteLogicalBridge: async ({ name, allowMissing }) => {
      await bridges.delete(name, allowMissing);
      return {};
    },
    UpdateLogicalBridge: async ({ logicalBridge, updateMask, allowMissing }) => {
      const incoming = required(logicalBridge);
      const bridge = await bridges.update(incoming.name, allowMissing, (current) => {
        if (!current) return logicalBridgeFromWire(incoming);
        const before = decoded(logicalBridgeToWire(current));
        if (!before.spec || !incoming.spec) throw new DpuError('INVALID_ARGUMENT', 'logical_bridge.spec is missing');
        const spec = mergeMasked(before.spec, incoming.spec, updateMask?.paths ?? [], updatable);
        return logicalBridgeFromWire({ ...before, spec });
      });
      return logicalBridgeToWire(bridge);
    },
  };
  addUnaryService(server, logicalBridgeService, handlers, session.call);
}

/** The message as a caller would get it, with all fields there. */
function decoded(bridge: ReturnType<typeof logicalBridgeToWire>): LogicalBridge__Output {
  const { responseSerialize, responseDeserialize } = logicalBridgeService.GetLogicalBridge;
  return responseDeserialize(responseSerialize(bridge));
}

function required(bridge: LogicalBridge__Output | null): LogicalBridge__Output {
  if (!bridge) throw new DpuError('INVALID_ARGUMENT', 'logical_bridge is missing');
  return bridge;
}
