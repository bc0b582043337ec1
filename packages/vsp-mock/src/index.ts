/** The software DPU: a vendor plugin that moves real packets without hardware. */
import { definePlugin } from '@dpu-operator/sdk';
import { createSoftwareDpu } from './software-dpu.ts';

export default definePlugin<unknown>({ create: (context) => createSoftwareDpu(context) });

export { createSoftwareDpu } from './software-dpu.ts';
