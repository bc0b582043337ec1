import type { AttachedFunctions } from '../datapath/chains/attached-index.ts';
import type { AttachedPorts } from '../datapath/host-ports/host-side-items.ts';
import type { DeviceHolder } from './devices/device-placing.ts';

/** What the attachments on disk say of a DPU. */
export interface AttachmentsView extends AttachedFunctions, AttachedPorts {
  /** `namespace/name` of the pods that use a DPU, or a device of it on behalf of the DPU side of the same node. */
  pods(dpuName: string): string[];
  /** By device of a DPU: the pod that has it. Absent where nobody knows of networks. */
  devices?(dpuName: string): ReadonlyMap<string, DeviceHolder>;
}
