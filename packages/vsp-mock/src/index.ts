/** The software DPU: a vendor plugin that moves real packets without hardware. */
import { definePlugin } from '@dpu-operator/sdk';
import { SoftwareDpu } from './software-dpu.ts';

export default definePlugin<unknown>({ create: (context) => new SoftwareDpu(context) });

export { linuxPlatform, type Platform } from './platform.ts';
export { SoftwareDpu } from './software-dpu.ts';
