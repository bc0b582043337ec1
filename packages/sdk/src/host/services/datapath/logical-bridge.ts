import type { Server } from '@grpc/grpc-js';
import type { LogicalBridge } from '../../../contract/contract.ts';
import { DpuError } from '../../../errors.ts';
import { logicalBridgeService } from '../../../wire/grpc/definitions.ts';
import { addUnaryService, type UnaryHandlers } from '../../../wire/grpc/unary.ts';
import { logicalBridgeFromWire, logicalBridgeToWire } from '../../../wire/mapping/bridges.ts';
import { resourceName } from '../../../wire/mapping/names.ts';
import { mergeMasked } from '../../calls/field-mask.ts';
import type { PluginSession } from '../../session.ts';
import { received, required } from './messages.ts';
import { found, listed, removed } from './resource.ts';

const updatable = {
  'spec.vlan_id': 'vlanId',
  'spec.vni': 'vni',
  'spec.vtep_ip_prefix': 'vtepIpPrefix',
} as const;

export function addLogicalBridges(server: Server, session: PluginSession): void {
  const get = (name: string) => found(session.dataPath, 'logicalBridge', 'logicalBridges', name);
  const handlers: UnaryHandlers<typeof logicalBridgeService> = {
    CreateLogicalBridge: async ({ logicalBridgeId, logicalBridge }) => {
      const named = {
        ...required(logicalBridge, 'logical_bridge'),
        name: logicalBridgeId || logicalBridge?.name || '',
      };
      const content = wantedBridge(logicalBridgeFromWire(named));
      const { dataPath } = session;
      await dataPath.request(dataPath.requests.create(content.name, { kind: 'logicalBridge', content }));
      return logicalBridgeToWire(await get(content.name));
    },
    ListLogicalBridges: async (request) => {
      const { resources, nextPageToken } = await listed(session.dataPath, 'logicalBridge', request);
      return { logicalBridges: resources.map(logicalBridgeToWire), nextPageToken };
    },
    GetLogicalBridge: async ({ name }) => logicalBridgeToWire(await get(name)),
    DeleteLogicalBridge: async (request) => {
      await removed(session.dataPath, 'logicalBridge', 'logicalBridges', request);
      return {};
    },
    UpdateLogicalBridge: async ({ logicalBridge, updateMask, allowMissing }) => {
      const incoming = required(logicalBridge, 'logical_bridge');
      const name = resourceName('logicalBridges', incoming.name, 'logical_bridge.name');
      const { dataPath } = session;
      const merge = (current: LogicalBridge | undefined) => {
        if (!current) return wantedBridge(logicalBridgeFromWire(incoming));
        const before = received(logicalBridgeService.GetLogicalBridge, logicalBridgeToWire(current));
        if (!before.spec || !incoming.spec) throw new DpuError('INVALID_ARGUMENT', 'logical_bridge.spec is missing');
        const spec = mergeMasked(before.spec, incoming.spec, updateMask?.paths ?? [], updatable);
        return wantedBridge(logicalBridgeFromWire({ ...before, spec }));
      };
      await dataPath.request(dataPath.requests.update('logicalBridge', name, allowMissing, merge));
      return logicalBridgeToWire(await get(name));
    },
  };
  addUnaryService(server, logicalBridgeService, handlers, session.queued);
}

/** What a caller decides of a bridge. */
function wantedBridge({ operStatus: _, components: __, ...wanted }: LogicalBridge): LogicalBridge {
  return wanted;
}
