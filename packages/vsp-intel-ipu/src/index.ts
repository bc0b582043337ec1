/** The Intel IPU E2100: a vendor plugin. */
import { definePlugin, type Plugin, type PluginContext } from '@dpu-operator/sdk';
import { createDpuSide } from './dpu-side.ts';
import { createHostSide } from './host-side.ts';
import { checkSettings, type Settings } from './settings.ts';

async function create(context: PluginContext<Settings>): Promise<Plugin> {
  checkSettings(context.settings, context.dpu.side);
  return context.dpu.side === 'host' ? createHostSide(context) : createDpuSide(context);
}

export default definePlugin<Settings>({ create });
