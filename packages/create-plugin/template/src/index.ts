/** What the plugin host loads. */
import { definePlugin } from '@dpu-operator/sdk';
import { Dpu } from './dpu.ts';
import { MemoryCard } from './memory-card.ts';
import type { Settings } from './settings.ts';

export default definePlugin<Settings>({ create: (context) => new Dpu(context, new MemoryCard(context.settings.vfs)) });
