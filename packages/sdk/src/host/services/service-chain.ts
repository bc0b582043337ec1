import type { Server } from '@grpc/grpc-js';
import type { ChainContract, ServiceChain } from '../../contract.ts';
import { serviceChainFromWire, serviceChainToWire } from '../../wire/chains.ts';
import { serviceChainService } from '../../wire/definitions.ts';
import { addUnaryService, type UnaryHandlers } from '../../wire/unary.ts';
import { mergeMasked } from '../field-mask.ts';
import { Resources } from '../resources.ts';
import type { PluginSession } from '../session.ts';
import { received, required } from './messages.ts';

const updatable = { network_functions: 'networkFunctions' } as const;

export function addServiceChains(server: Server, session: PluginSession, contract: ChainContract): void {
  const chains = new Resources<ServiceChain>('serviceChains', {
    list: () => contract.listChains(),
    create: (chain) => contract.createChain(chain),
    update: (chain) => contract.updateChain(chain),
    delete: (name) => contract.deleteChain(name),
  });
  const handlers: UnaryHandlers<typeof serviceChainService> = {
    CreateServiceChain: async ({ serviceChainId, serviceChain }) => {
      const chain = required(serviceChain, 'service_chain');
      const named = { ...chain, name: serviceChainId || chain.name };
      return serviceChainToWire(await chains.create(serviceChainFromWire(named)));
    },
    ListServiceChains: async ({ pageSize, pageToken }) => {
      const { resources, nextPageToken } = await chains.list(pageSize, pageToken);
      return { serviceChains: resources.map(serviceChainToWire), nextPageToken };
    },
    GetServiceChain: async ({ name }) => serviceChainToWire(await chains.get(name)),
    DeleteServiceChain: async ({ name, allowMissing }) => {
      await chains.delete(name, allowMissing);
      return {};
    },
    UpdateServiceChain: async ({ serviceChain, updateMask, allowMissing }) => {
      const incoming = required(serviceChain, 'service_chain');
      const chain = await chains.update(incoming.name, allowMissing, (current) => {
        if (!current) return serviceChainFromWire(incoming);
        const before = received(serviceChainService.GetServiceChain, serviceChainToWire(current));
        return serviceChainFromWire(mergeMasked(before, incoming, updateMask?.paths ?? [], updatable));
      });
      return serviceChainToWire(chain);
    },
  };
  addUnaryService(server, serviceChainService, handlers, session.call);
}
