import type { Server } from '@grpc/grpc-js';
import type { BridgeContract, LogicalBridge } from '../../contract.ts';
import { DpuError } from '../../errors.ts';
import { logicalBridgeFromWire, logicalBridgeToWire } from '../../wire/bridges.ts';
import { logicalBridgeService } from '../../wire/definitions.ts';
import { addUnaryService, type UnaryHandlers } from '../../wire/unary.ts';
import { mergeMasked } from '../field-mask.ts';
import { Resources } from '../resources.ts';
import type { PluginSession } from '../session.ts';
import { fromPlugin, received, required } from './messages.ts';

const updatable = {
  'spec.vlan_id': 'vlanId',
  'spec.vni': 'vni',
  'spec.vtep_ip_prefix': 'vtepIpPrefix',
} as const;

const toWire = (bridge: LogicalBridge) => fromPlugin(bridge, logicalBridgeToWire);

export function addLogicalBridges(server: Server, session: PluginSession, contract: BridgeContract): void {
  const bridges = new Resources('logicalBridges', {
    list: () => contract.listLogicalBridges(),
    create: (bridge) => contract.createLogicalBridge(bridge),
    update: (bridge) => contract.updateLogicalBridge(bridge),
    delete: (name) => contract.deleteLogicalBridge(name),
  });
  const handlers: UnaryHandlers<typeof logicalBridgeService> = {
    CreateLogicalBridge: async ({ logicalBridgeId, logicalBridge }) => {
      const bridge = required(logicalBridge, 'logical_bridge');
      const named = { ...bridge, name: logicalBridgeId || bridge.name };
      return toWire(await bridges.create(logicalBridgeFromWire(named)));
    },
    ListLogicalBridges: async ({ pageSize, pageToken }) => {
      const { resources, nextPageToken } = await bridges.list(pageSize, pageToken);
      return { logicalBridges: resources.map(toWire), nextPageToken };
    },
    GetLogicalBridge: async ({ name }) => toWire(await bridges.get(name)),
    DeleteLogicalBridge: async ({ name, allowMissing }) => {
      await bridges.delete(name, allowMissing);
      return {};
    },
    UpdateLogicalBridge: async ({ logicalBridge, updateMask, allowMissing }) => {
      const incoming = required(logicalBridge, 'logical_bridge');
      const bridge = await bridges.update(incoming.name, allowMissing, (current) => {
        if (!current) return logicalBridgeFromWire(incoming);
        const before = received(logicalBridgeService.GetLogicalBridge, toWire(current));
        if (!before.spec || !incoming.spec) throw new DpuError('INVALID_ARGUMENT', 'logical_bridge.spec is missing');
        const spec = mergeMasked(before.spec, incoming.spec, updateMask?.paths ?? [], updatable);
        return logicalBridgeFromWire({ ...before, spec });
      });
      return toWire(bridge);
    },
  };
  addUnaryService(server, logicalBridgeService, handlers, session.call);
}
