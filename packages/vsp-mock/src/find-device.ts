/** Finds the device of a network function by the MAC that its pod's interface has. */
import { DpuError } from '@dpu-operator/sdk';
import { Links } from '@dpu-operator/sdk/linux';
import { macOf } from './names.ts';
import type { Platform } from './platform.ts';
import { linksOfPods } from './pods.ts';
import { MAX_VFS } from './settings.ts';

export interface FindDeviceOptions {
  platform: Platform;
  nodeName: string;
  /** Name of a pod's end, as it was made. */
  pod: (index: number) => string;
  /** Name of the end that stays on the node. */
  port: (index: number) => string;
}

/**
 * A device was given a MAC that follows from its name. Where the pod's configuration set another, the end that stays on
 * the node tells: the interface with that MAC, in whatever namespace, whose peer it is.
 *
 * @returns their indices, in the order of the MACs
 * @throws DpuError NOT_FOUND
 */
export async function findDevices(macs: readonly string[], options: FindDeviceOptions): Promise<number[]> {
  const { platform, nodeName, pod, port } = options;
  const node = new Map((await new Links(platform.exec).list({ kind: 'veth' })).map((link) => [link.name, link]));
  const indices = Array.from({ length: MAX_VFS }, (_, index) => index).filter((index) => node.has(port(index)));
  const given = new Map(indices.map((index) => [macOf(nodeName, pod(index)), index]));
  const found = new Map<string, number>();
  const missing: string[] = [];
  for (const mac of macs) {
    const index = given.get(mac.toLowerCase());
    if (index === undefined) missing.push(mac);
    else found.set(mac, index);
  }
  if (missing.length > 0) {
    const peers = new Map(indices.map((index) => [node.get(port(index))?.index, index]));
    for (const { link } of await linksOfPods(platform, 'veth')) {
      const index = peers.get(link.peer?.index);
      const mac = missing.find((candidate) => candidate.toLowerCase() === link.mac);
      if (index !== undefined && mac !== undefined) found.set(mac, index);
    }
  }
  return macs.map((mac) => {
    const index = found.get(mac);
    if (index !== undefined) return index;
    const known = indices.length > 0 ? `${pod(indices[0] ?? 0)} to ${pod(indices.at(-1) ?? 0)}` : 'none yet';
    const text = `no device of this DPU (${known}) has MAC ${mac}; give the pod one of them first`;
    throw new DpuError('NOT_FOUND', text);
  });
}
