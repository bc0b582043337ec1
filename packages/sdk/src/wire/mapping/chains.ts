/** Ordered chains: wire <-> contract. */
import type { NetworkFunction, ServiceChain } from '../../contract/data-path.ts';
import { DpuError } from '../../errors.ts';
import type { ChainedFunction__Output } from '../../generated/dpu_operator/v1/ChainedFunction.ts';
import type {
  ServiceChain__Output,
  ServiceChain as WireServiceChain,
} from '../../generated/dpu_operator/v1/ServiceChain.ts';
import { canonicalMac } from './mac.ts';
import { resourceName } from './names.ts';

const functionsField = 'service_chain.network_functions';

/** @throws DpuError INVALID_ARGUMENT naming the wrong field. */
export function serviceChainFromWire({ name, networkFunctions }: ServiceChain__Output): ServiceChain {
  const chain = {
    name: resourceName('serviceChains', name, 'service_chain.name'),
    networkFunctions: networkFunctions.map(functionFromWire),
  };
  if (networkFunctions.length === 0) throw new DpuError('INVALID_ARGUMENT', `${functionsField} must not be empty`);
  requireDistinct(chain.networkFunctions);
  return chain;
}

/** Vendors' own additions to a function stay behind. */
export function serviceChainToWire({ name, networkFunctions }: ServiceChain): WireServiceChain {
  return {
    name,
    networkFunctions: networkFunctions.map(({ input, output, bridgeId }) => ({
      input,
      output,
      ...(bridgeId && { bridgeId }),
    })),
  };
}

function functionFromWire({ input, output, bridgeId }: ChainedFunction__Output, index: number): NetworkFunction {
  return {
    input: canonicalMac(input, `${functionsField}[${index}].input`),
    output: canonicalMac(output, `${functionsField}[${index}].output`),
    ...(bridgeId && { bridgeId }),
  };
}

/** A frame that meets an interface twice would go round and round. */
function requireDistinct(functions: readonly NetworkFunction[]): void {
  const places = new Map<string, string>();
  for (const [index, { input, output }] of functions.entries()) {
    for (const [end, mac] of Object.entries({ input, output })) {
      const place = `${functionsField}[${index}].${end}`;
      const earlier = places.get(mac);
      if (earlier !== undefined) {
        throw new DpuError('INVALID_ARGUMENT', `${place}: ${mac} is ${earlier} already; each interface is in it once`);
      }
      places.set(mac, place);
    }
  }
}
