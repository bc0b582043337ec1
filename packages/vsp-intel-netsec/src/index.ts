/** The Intel NetSec Accelerator: a vendor plugin. */
import { definePlugin, type Plugin, type PluginContext } from '@dpu-operator/sdk';
import type { KeptChannel } from '@dpu-operator/sdk/linux';
import { createDpuSide } from './dpu-side.ts';
import { createHostSide } from './host-side.ts';
import type { Settings } from './settings.ts';

/** @param open Opens the channel between host and card. Default: by the kernel. */
export function create(context: PluginContext<Settings>, open?: KeptChannel['open']): Promise<Plugin> {
  return context.dpu.side === 'host' ? createHostSide(context, open) : createDpuSide(context, open);
}

export default definePlugin<Settings>({ create: (context) => create(context) });
