/** The Acme DPU: a vendor plugin. */
import { definePlugin, type Plugin, type PluginContext } from '@dpu-operator/sdk';
import { DpuSide } from './dpu-side.ts';
import { HostSide } from './host-side.ts';
import type { WatchLinks } from './node-links.ts';
import type { Settings } from './settings.ts';

/** @param watch Default: the kernel's notifications. */
export async function create(context: PluginContext<Settings>, watch?: WatchLinks): Promise<Plugin> {
  const side = context.dpu.side === 'dpu' ? new DpuSide(context, watch) : new HostSide(context, watch);
  await side.start();
  return side;
}

export default definePlugin<Settings>({ create: (context) => create(context) });
