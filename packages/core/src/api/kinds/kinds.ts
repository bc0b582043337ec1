import type { KindDefinition } from './crd.ts';
import { dataProcessingUnit } from './data-processing-unit.ts';
import { dataProcessingUnitConfig } from './data-processing-unit-config.ts';
import { dpuNetwork } from './dpu-network.ts';
import { dpuOperatorConfig } from './dpu-operator-config.ts';
import { serviceFunctionChain } from './service-function-chain.ts';
import { vendorPlugin } from './vendor-plugin.ts';

/** All kinds of the API group. */
export const kinds: readonly KindDefinition[] = [
  dpuOperatorConfig,
  dataProcessingUnit,
  dataProcessingUnitConfig,
  serviceFunctionChain,
  vendorPlugin,
  dpuNetwork,
];
