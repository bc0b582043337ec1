import { networkConfigService } from '../../../wire/grpc/definitions.ts';
import { declareChecks } from '../../check.ts';
import { same } from '../../expect.ts';

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
  {
    name: 'again',
    title: 'the same configuration again changes nothing',
    demands: 'The same configuration again changes nothing.',
    rule: 'NC-2',
    run: async ({ vsp, inUse, skip }) => {
      if (inUse()) skip('the VSP has bridge ports of others: its configuration cannot be changed');
      await vsp.call(networkConfigService.SetDpuNetworkConfig, { isAccelerated: true });
      const before = await vsp.devices();
      await vsp.call(networkConfigService.SetDpuNetworkConfig, { isAccelerated: true });
      same(await vsp.devices(), before, 'the list of devices');
      await vsp.call(networkConfigService.SetDpuNetworkConfig, { isAccelerated: false });
    },
  },
]);
