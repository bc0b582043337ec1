import type { Server } from '@grpc/grpc-js';
import type { ServiceChain } from '../../../contract/contract.ts';
import { serviceChainService } from '../../../wire/grpc/definitions.ts';
import { addUnaryService, type UnaryHandlers } from '../../../wire/grpc/unary.ts';
import { serviceChainFromWire, serviceChainToWire } from '../../../wire/mapping/chains.ts';
import { resourceName } from '../../../wire/mapping/names.ts';
import { mergeMasked } from '../../calls/field-mask.ts';
import type { PluginSession } from '../../session.ts';
import { received, required } from './messages.ts';
import { found, listed, removed } from './resource.ts';

const updatable = { network_functions: 'networkFunctions' } as const;

/** Chains have no status on the wire: whoever asks for one waits until it is up. */
export function addServiceChains(server: Server, session: PluginSession): void {
  const get = (name: string) => found(session.dataPath, 'serviceChain', 'serviceChains', name);
  const handlers: UnaryHandlers<typeof serviceChainService> = {
    CreateServiceChain: async ({ serviceChainId, serviceChain }) => {
      const chain = required(serviceChain, 'service_chain');
      const content = serviceChainFromWire({ ...chain, name: serviceChainId || chain.name });
      const { dataPath } = session;
      await dataPath.requestUp(dataPath.requests.create(content.name, { kind: 'serviceChain', content }));
      return serviceChainToWire(await get(content.name));
    },
    ListServiceChains: async (request) => {
      const { resources, nextPageToken } = await listed(session.dataPath, 'serviceChain', request);
      return { serviceChains: resources.map(serviceChainToWire), nextPageToken };
    },
    GetServiceChain: async ({ name }) => serviceChainToWire(await get(name)),
    DeleteServiceChain: async (request) => {
      await removed(session.dataPath, 'serviceChain', 'serviceChains', request);
      return {};
    },
    UpdateServiceChain: async ({ serviceChain, updateMask, allowMissing }) => {
      const incoming = required(serviceChain, 'service_chain');
      const name = resourceName('serviceChains', incoming.name, 'service_chain.name');
      const { dataPath } = session;
      const merge = (current: ServiceChain | undefined) => {
        if (!current) return serviceChainFromWire(incoming);
        const before = received(serviceChainService.GetServiceChain, serviceChainToWire(current));
        return serviceChainFromWire(mergeMasked(before, incoming, updateMask?.paths ?? [], updatable));
      };
      await dataPath.requestUp(dataPath.requests.update('serviceChain', name, allowMissing, merge));
      return serviceChainToWire(await get(name));
    },
  };
  addUnaryService(server, serviceChainService, handlers, session.queued);
}
