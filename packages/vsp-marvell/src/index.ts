/** The Marvell OCTEON 10 DPU: a vendor plugin. */
import { definePlugin, type PluginContext } from '@dpu-operator/sdk';
import { createDpuSide } from './dpu-side.ts';
import { createHostSide } from './host-side.ts';
import { checkSettings, type Settings } from './settings.ts';

export default definePlugin<Settings>({
  create: (context: PluginContext<Settings>) => {
    checkSettings(context.settings);
    return context.dpu.side === 'host' ? createHostSide(context) : createDpuSide(context);
  },
});
