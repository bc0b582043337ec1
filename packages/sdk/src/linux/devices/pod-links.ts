/** The links in the network namespaces of pods, on a node whose runtime names these. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Structural } from '../../structural.ts';
import type { Link } from '../links/link.ts';
import type { Links } from '../links/links.ts';

/** Where container runtimes keep the network namespaces of pods. */
export const podNamespaces = '/var/run/netns';

/** A link in the network namespace of a pod. */
export interface PodLink {
  /** Path of the pod's network namespace. */
  netns: string;
  link: Link;
}

/**
 * The links in the network namespaces of all pods of the node. A namespace that goes meanwhile has none.
 *
 * @param links of the node; those of its pods are read in the same way
 * @param kind `veth`, `vxlan`, …; default: all
 */
export async function linksOfPods(links: Pick<Structural<Links>, 'at'>, kind?: string): Promise<PodLink[]> {
  const found: PodLink[] = [];
  for (const name of await readdir(podNamespaces).catch(() => [])) {
    const netns = join(podNamespaces, name);
    // A namespace may go while it is looked into.
    const inside = await links
      .at(netns)
      .list(kind === undefined ? {} : { kind })
      .catch(() => [] as Link[]);
    found.push(...inside.map((link) => ({ netns, link })));
  }
  return found;
}
