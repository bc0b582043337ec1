import type { Server } from '@grpc/grpc-js';
import type { BridgeContract, BridgePort } from '../../contract.ts';
import { DpuError } from '../../errors.ts';
import { bridgePortFromWire, bridgePortToWire } from '../../wire/bridges.ts';
import { bridgePortService } from '../../wire/definitions.ts';
import { addUnaryService, type UnaryHandlers } from '../../wire/unary.ts';
import { mergeMasked } from '../field-mask.ts';
import { Resources } from '../resources.ts';
import type { PluginSession } from '../session.ts';
import { fromPlugin, received, required } from './messages.ts';

const updatable = {
  'spec.mac_address': 'macAddress',
  'spec.ptype': 'ptype',
  'spec.logical_bridges': 'logicalBridges',
} as const;

const toWire = (port: BridgePort) => fromPlugin(port, bridgePortToWire);

export function addBridgePorts(server: Server, session: PluginSession, contract: BridgeContract): void {
  const ports = new Resources('bridgePorts', {
    list: () => contract.listBridgePorts(),
    create: (port) => contract.createBridgePort(port),
    update: (port) => contract.updateBridgePort(port),
    delete: (name) => contract.deleteBridgePort(name),
  });
  const handlers: UnaryHandlers<typeof bridgePortService> = {
    // The Go operator names the port in the resource and leaves the id empty.
    CreateBridgePort: async ({ bridgePortId, bridgePort }) => {
      const port = required(bridgePort, 'bridge_port');
      return toWire(await ports.create(bridgePortFromWire({ ...port, name: bridgePortId || port.name })));
    },
    ListBridgePorts: async ({ pageSize, pageToken }) => {
      const { resources, nextPageToken } = await ports.list(pageSize, pageToken);
      return { bridgePorts: resources.map(toWire), nextPageToken };
    },
    GetBridgePort: async ({ name }) => toWire(await ports.get(name)),
    DeleteBridgePort: async ({ name, allowMissing }) => {
      await ports.delete(name, allowMissing);
      return {};
    },
    UpdateBridgePort: async ({ bridgePort, updateMask, allowMissing }) => {
      const incoming = required(bridgePort, 'bridge_port');
      const port = await ports.update(incoming.name, allowMissing, (current) => {
        if (!current) return bridgePortFromWire(incoming);
        const before = received(bridgePortService.GetBridgePort, toWire(current));
        if (!before.spec || !incoming.spec) throw new DpuError('INVALID_ARGUMENT', 'bridge_port.spec is missing');
        const spec = mergeMasked(before.spec, incoming.spec, updateMask?.paths ?? [], updatable);
        return bridgePortFromWire({ ...before, spec });
      });
      return toWire(port);
    },
  };
  addUnaryService(server, bridgePortService, handlers, session.call);
}
