import type { Server } from '@grpc/grpc-js';
import type { NetworkFunction } from '../../../contract/contract.ts';
import type { NFRequest__Output } from '../../../generated/Vendor/NFRequest.ts';
import { networkFunctionService } from '../../../wire/grpc/definitions.ts';
import { addUnaryService } from '../../../wire/grpc/unary.ts';
import { canonicalMac } from '../../../wire/mapping/mac.ts';
import type { PluginSession } from '../../session.ts';

/** The answer has no status: whoever asks for a function waits until it is up. */
export function addNetworkFunctions(server: Server, session: PluginSession): void {
  const handlers = {
    CreateNetworkFunction: async (request: NFRequest__Output) => {
      const { dataPath } = session;
      await dataPath.requestUp(dataPath.requests.createFunction(fromWire(request)));
      return {};
    },
    DeleteNetworkFunction: async (request: NFRequest__Output) => {
      const { dataPath } = session;
      await dataPath.request(dataPath.requests.deleteFunction(fromWire(request)));
      return {};
    },
  };
  addUnaryService(server, networkFunctionService, handlers, session.queued);
}

function fromWire({ input, output, bridgeId }: NFRequest__Output): NetworkFunction {
  return {
    input: canonicalMac(input, 'NFRequest.input'),
    output: canonicalMac(output, 'NFRequest.output'),
    ...(bridgeId && { bridgeId }),
  };
}
