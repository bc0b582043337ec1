import { readFileSync } from 'node:fs';

/** kubelet's own record of the devices it gave to pods, written before it makes a pod's sandbox. */
const checkpointPath = '/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint';

interface Checkpoint {
  Data: { PodDeviceEntries: { PodUID: string; ResourceName: string; DeviceIDs: Record<string, string[]> }[] | null };
}

/** Hands out the devices of one pod, each once, in the order in which kubelet recorded them. */
export class PodDevices {
  readonly #free = new Map<string, string[]>();

  constructor(checkpoint: string, podUid: string) {
    const { Data } = JSON.parse(checkpoint) as Checkpoint;
    for (const entry of Data.PodDeviceEntries ?? []) {
      if (entry.PodUID !== podUid) continue;
      // DeviceIDs are grouped by NUMA node; "-1" stands for devices without one.
      const free = this.#free.get(entry.ResourceName) ?? [];
      this.#free.set(entry.ResourceName, free.concat(...Object.values(entry.DeviceIDs)));
    }
  }

  static ofPod(podUid: string): PodDevices {
    return new PodDevices(readFileSync(checkpointPath, 'utf8'), podUid);
  }

  /** The next device of the resource; undefined when the pod asked for fewer than it attaches, as with Multus. */
  take(resourceName: string): string | undefined {
    return this.#free.get(resourceName)?.shift();
  }
}
