import { definePlugin } from '@dpu-operator/sdk';
import { type StartedPlugin, startPlugin } from '@dpu-operator/sdk/testing';
import packageJson from '../package.json' with { type: 'json' };
import { createDpu } from '../src/dpu.ts';
import { MemoryCard } from '../src/memory-card.ts';
import type { Settings } from '../src/settings.ts';

/** The plugin on the DPU's side, initialised, with the card that it drives. */
export async function start(card = new MemoryCard('dpu', 8)): Promise<StartedPlugin & { card: MemoryCard }> {
  const plugin = definePlugin<Settings>({ create: (context) => createDpu(context, card) });
  const started = await startPlugin(plugin, { packageJson });
  await started.client.init({ dpuMode: true, dpuIdentifier: 'dpu-0' });
  return { ...started, card };
}
