/** The Acme DPU: a vendor plugin. */
import { definePlugin } from '@dpu-operator/sdk';
import { AcmeDpu } from './acme-dpu.ts';
import type { Settings } from './settings.ts';

export default definePlugin<Settings>({ create: (context) => new AcmeDpu(context) });
