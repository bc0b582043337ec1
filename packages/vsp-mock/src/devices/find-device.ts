/** Finds the devices of network functions by the MACs that their pods' interfaces have. */
import { findVethPairs } from '@dpu-operator/sdk/linux';
import { nfPortName, representorName } from '../names.ts';
import type { Node } from '../node.ts';
import { nfPairs, vfPairs } from './device-kinds.ts';

/** Whether network functions get VFs: on one node, which has no devices of its own for them. */
export const handsOutVfs = ({ settings }: Node) => settings.peer === undefined;

/** The end of a network function's device that stays on the node. */
export const functionPort = (node: Node, index: number) =>
  handsOutVfs(node) ? representorName(index) : nfPortName(index);

/** The devices that have these MACs: their indices, by MAC; none for a MAC that no device has. */
export function findDevices(macs: readonly string[], node: Node): Promise<Map<string, number>> {
  const pairs = handsOutVfs(node) ? vfPairs(node) : nfPairs(node);
  return findVethPairs(node.platform, pairs, macs);
}
