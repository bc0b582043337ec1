/** What the plugin host loads. */
import { definePlugin } from '@dpu-operator/sdk';
import { createDpu } from './dpu.ts';
import { MemoryCard } from './memory-card.ts';
import type { Settings } from './settings.ts';

export default definePlugin<Settings>({
  create: (context) => createDpu(context, new MemoryCard(context.dpu.side, context.settings.vfs)),
});
