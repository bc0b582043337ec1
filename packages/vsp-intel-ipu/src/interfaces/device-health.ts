/** How the interfaces of the ACC are that pods of network functions get. Pure. */
import type { Device } from '@dpu-operator/sdk';
import type { Link } from '@dpu-operator/sdk/linux';

export interface HealthInput {
  /** Names of the interfaces while no pod has them. */
  names: readonly string[];
  /** MACs by name, as they were seen last. */
  macs: ReadonlyMap<string, string>;
  /** Links of the ACC. */
  here: readonly Link[];
  /** Links in the network namespaces of pods. */
  inPods: readonly Link[];
}

/** The MAC that an interface came with: a pod may have given it another. */
export const macOf = ({ permanentMac, mac }: Link): string => permanentMac ?? mac;

/** One that a pod has is well; one that is nowhere, or goes by another name, is of no use to a pod. */
export function healthOf({ names, macs, here, inPods }: HealthInput): Device[] {
  const present = new Set(here.map(({ name }) => name));
  const hereByMac = new Map(here.map((link) => [macOf(link), link.name]));
  const lent = new Set(inPods.map(macOf));
  return names.map((id): Device => {
    const mac = macs.get(id);
    if (present.has(id) || (mac !== undefined && lent.has(mac))) return { id, healthy: true };
    const other = mac === undefined ? undefined : hereByMac.get(mac);
    if (other !== undefined) return { id, healthy: false, reason: `the interface is called ${other}; rename it` };
    return { id, healthy: false, reason: `neither the ACC nor a pod has a network device ${id}` };
  });
}
