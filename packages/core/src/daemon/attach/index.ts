/** Attaching devices to pods. */
export { there, unknown } from '../presence.ts';
export type {
  ChainMembership,
  ChainPlace,
  DataPath,
  DpuEntry,
  DpuIndex,
  Side,
} from './collaborators.ts';
export { DeviceHomes } from './device/device-homes.ts';
export { Devices } from './device/devices.ts';
export { AttachEngine, type AttachEngineOptions } from './engine.ts';
export { PodLinks } from './link/pod-links.ts';
export type { Attachment, AttachmentKey } from './record/attachment.ts';
export { AttachmentStore } from './record/store.ts';
