/** Attaching devices to pods. */
export { type Attachment, type AttachmentKey, describe, type IpamCall, keyOf } from './attachment.ts';
export { Devices } from './devices.ts';
export { AttachEngine, type AttachEngineOptions } from './engine.ts';
export { CniError, cniCodes } from './errors.ts';
export type { LinkIdentity } from './link-identity.ts';
export { PodLinks } from './pod-links.ts';
export type { ChainMembership, ChainPlace, DataPath, DeviceEntry, DpuDirectory, DpuEntry, Side } from './ports.ts';
export type { AttachRequest, CheckRequest } from './requests.ts';
export type { CniResult } from './result.ts';
export { AttachmentStore } from './store.ts';
