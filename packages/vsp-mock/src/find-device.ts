/** Finds the devices of network functions by the MACs that their pods' interfaces have. */
import { macOf, nfName, nfPortName, representorName, vfName } from './names.ts';
import type { Node } from './node.ts';
import { linksOfPods } from './pods.ts';
import { MAX_VFS } from './settings.ts';

/** Whether network functions get VFs: on one node, which has no devices of its own for them. */
export const handsOutVfs = ({ settings }: Node) => settings.peer === undefined;

/** The end of a network function's device that stays on the node. */
export const functionPort = (node: Node, index: number) =>
  handsOutVfs(node) ? representorName(index) : nfPortName(index);

/**
 * A device was given a MAC that follows from its name. Where the pod's configuration set another, the end that stays on
 * the node tells: the interface with that MAC, in whatever namespace, whose peer it is.
 *
 * @returns their indices, by MAC; none for a MAC that no device has
 */
export async function findDevices(macs: readonly string[], node: Node): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  if (macs.length === 0) return found;
  const links = new Map((await node.platform.links.list({ kind: 'veth' })).map((link) => [link.name, link]));
  const all = Array.from({ length: MAX_VFS }, (_, index) => index);
  const indices = all.filter((index) => links.has(functionPort(node, index)));
  const podEnd = handsOutVfs(node) ? vfName : nfName;
  const given = new Map(indices.map((index) => [macOf(node.name, podEnd(index)), index]));
  for (const mac of macs) {
    const index = given.get(mac.toLowerCase());
    if (index !== undefined) found.set(mac, index);
  }
  if (macs.every((mac) => found.has(mac))) return found;
  const peers = new Map(indices.map((index) => [links.get(functionPort(node, index))?.index, index]));
  for (const { link } of await linksOfPods(node.platform, 'veth')) {
    const index = peers.get(link.peer?.index);
    const mac = macs.find((candidate) => candidate.toLowerCase() === link.mac && !found.has(candidate));
    if (index !== undefined && mac !== undefined) found.set(mac, index);
  }
  return found;
}
