/** A node's one DPU, as far as attaching knows it. */
import { there } from '../../presence.ts';
import type { DataPath, DeviceEntry, DpuIndex } from '../collaborators.ts';

const done = async () => {};

/** Does nothing, but for what differs. */
export const dataPathOf = (more: Partial<DataPath> = {}): DataPath => ({
  createBridgePort: done,
  deleteBridgePort: done,
  createNetworkFunction: done,
  deleteNetworkFunction: done,
  ...more,
});

/** The host side, at the first VF. */
export const hostSide = (dataPath: DataPath): DeviceEntry => ({
  dpuName: 'dpu',
  side: 'host',
  dataPath,
  pf: 0,
  vf: 0,
});

/** @param dpu of every device; asked for each time */
export const indexOf = (dpu: () => DeviceEntry, more: Partial<DpuIndex> = {}): DpuIndex => ({
  find: dpu,
  locate: dpu,
  dpu,
  dpuSide: () => undefined,
  presence: () => there(dpu()),
  list: () => [dpu()],
  ...more,
});
