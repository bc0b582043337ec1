/** Attaching devices to pods. */

export { type Presence, there, unknown } from '../presence.ts';
export { type Attachment, type AttachmentKey, describe, type IpamCall, keyOf } from './attachment.ts';
export { DeviceHomes } from './device-homes.ts';
export { Devices } from './devices.ts';
export { AttachEngine, type AttachEngineOptions } from './engine.ts';
export { CniError, cniCodes } from './errors.ts';
export { PodLinks } from './pod-links.ts';
export type {
  ChainMembership,
  ChainPlace,
  DataPath,
  DeviceAllocations,
  DeviceEntry,
  DpuEntry,
  DpuIndex,
  Side,
} from './ports.ts';
export type { AttachRequest, CheckRequest, DetachRequest } from './requests.ts';
export type { CniResult } from './result.ts';
export { AttachmentStore } from './store.ts';
