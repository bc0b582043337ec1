import type { Server } from '@grpc/grpc-js';
import type { BridgePort } from '../../../contract/contract.ts';
import { DpuError } from '../../../errors.ts';
import { bridgePortService } from '../../../wire/grpc/definitions.ts';
import { addUnaryService, type UnaryHandlers } from '../../../wire/grpc/unary.ts';
import { bridgePortFromWire, bridgePortToWire } from '../../../wire/mapping/bridges.ts';
import { resourceName } from '../../../wire/mapping/names.ts';
import { mergeMasked } from '../../calls/field-mask.ts';
import type { PluginSession } from '../../session.ts';
import { received, required } from './messages.ts';
import { found, listed, removed } from './resource.ts';

const updatable = {
  'spec.mac_address': 'macAddress',
  'spec.ptype': 'ptype',
  'spec.logical_bridges': 'logicalBridges',
} as const;

export function addBridgePorts(server: Server, session: PluginSession): void {
  const get = (name: string) => found(session.dataPath, 'bridgePort', 'bridgePorts', name);
  const handlers: UnaryHandlers<typeof bridgePortService> = {
    // The Go operator names the port in the resource and leaves the id empty.
    CreateBridgePort: async ({ bridgePortId, bridgePort }) => {
      const named = { ...required(bridgePort, 'bridge_port'), name: bridgePortId || bridgePort?.name || '' };
      const content = wantedPort(bridgePortFromWire(named));
      const { dataPath } = session;
      await dataPath.request(dataPath.requests.create(content.name, { kind: 'bridgePort', content }));
      return bridgePortToWire(await get(content.name));
    },
    ListBridgePorts: async (request) => {
      const { resources, nextPageToken } = await listed(session.dataPath, 'bridgePort', request);
      return { bridgePorts: resources.map(bridgePortToWire), nextPageToken };
    },
    GetBridgePort: async ({ name }) => bridgePortToWire(await get(name)),
    DeleteBridgePort: async (request) => {
      await removed(session.dataPath, 'bridgePort', 'bridgePorts', request);
      return {};
    },
    UpdateBridgePort: async ({ bridgePort, updateMask, allowMissing }) => {
      const incoming = required(bridgePort, 'bridge_port');
      const name = resourceName('bridgePorts', incoming.name, 'bridge_port.name');
      const { dataPath } = session;
      const merge = (current: BridgePort | undefined) => {
        if (!current) return wantedPort(bridgePortFromWire(incoming));
        const before = received(bridgePortService.GetBridgePort, bridgePortToWire(current));
        if (!before.spec || !incoming.spec) throw new DpuError('INVALID_ARGUMENT', 'bridge_port.spec is missing');
        const spec = mergeMasked(before.spec, incoming.spec, updateMask?.paths ?? [], updatable);
        return wantedPort(bridgePortFromWire({ ...before, spec }));
      };
      await dataPath.request(dataPath.requests.update('bridgePort', name, allowMissing, merge));
      return bridgePortToWire(await get(name));
    },
  };
  addUnaryService(server, bridgePortService, handlers, session.queued);
}

/** What a caller decides of a port. */
function wantedPort({ name, macAddress, type, logicalBridges }: BridgePort): BridgePort {
  return { name, macAddress, type, logicalBridges };
}
