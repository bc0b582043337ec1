import { networkConfigService } from '../../wire/definitions.ts';
import { declareChecks } from '../check.ts';

export const networkConfig = declareChecks('network-config', { capability: 'networkConfig', mode: 'dpu' }, [
  {
    name: 'set',
    title: 'both values can be set, and set again',
    demands: 'Both values can be set at any time; the same configuration again is no error.',
    rule: 'NC-1',
    run: async ({ vsp, inUse, skip }) => {
      if (inUse()) skip('the VSP has bridge ports of others: its configuration cannot be changed');
      for (const isAccelerated of [true, true, false, false, true, false]) {
        await vsp.call(networkConfigService.SetDpuNetworkConfig, { isAccelerated });
      }
    },
  },
]);
