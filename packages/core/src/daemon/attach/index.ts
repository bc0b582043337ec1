/** Attaching devices to pods. */

export { there, unknown } from '../presence.ts';
export type { Attachment, AttachmentKey } from './attachment.ts';
export type {
  ChainMembership,
  ChainPlace,
  DataPath,
  DpuEntry,
  DpuIndex,
  Side,
} from './collaborators.ts';
export { DeviceHomes } from './device-homes.ts';
export { Devices } from './devices.ts';
export { AttachEngine, type AttachEngineOptions } from './engine.ts';
export { PodLinks } from './pod-links.ts';
export { AttachmentStore } from './store.ts';
