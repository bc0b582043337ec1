import { DpuError, type Plugin, type PluginContext } from '@dpu-operator/sdk';
import type { OpenChannel } from './channel.ts';
import type { Settings } from './settings.ts';

export async function createDpuSide(_context: PluginContext<Settings>, _open?: OpenChannel): Promise<Plugin> {
  throw new DpuError('UNIMPLEMENTED', 'x');
}
