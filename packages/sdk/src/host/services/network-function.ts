import type { Server } from '@grpc/grpc-js';
import type { NetworkFunction, NetworkFunctionContract } from '../../contract.ts';
import type { NFRequest__Output } from '../../generated/Vendor/NFRequest.ts';
import { networkFunctionService } from '../../wire/definitions.ts';
import { canonicalMac } from '../../wire/mac.ts';
import { addUnaryService } from '../../wire/unary.ts';
import type { PluginSession } from '../session.ts';

export function addNetworkFunctions(server: Server, session: PluginSession, contract: NetworkFunctionContract): void {
  const handlers = {
    CreateNetworkFunction: async (request: NFRequest__Output) => {
      await contract.createNetworkFunction(fromWire(request));
      return {};
    },
    DeleteNetworkFunction: async (request: NFRequest__Output) => {
      await contract.deleteNetworkFunction(fromWire(request));
      return {};
    },
  };
  addUnaryService(server, networkFunctionService, handlers, session.call);
}

function fromWire({ input, output, bridgeId }: NFRequest__Output): NetworkFunction {
  return {
    input: canonicalMac(input, 'NFRequest.input'),
    output: canonicalMac(output, 'NFRequest.output'),
    ...(bridgeId && { bridgeId }),
  };
}
