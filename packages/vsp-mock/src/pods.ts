/** The links in the network namespaces of pods, on a node whose runtime names these. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '@dpu-operator/sdk';
import { type Link, Links } from '@dpu-operator/sdk/linux';
import { netnsDirectory } from './node.ts';

export interface PodLink {
  netns: string;
  link: Link;
}

export async function linksOfPods({ exec }: Platform, kind?: string): Promise<PodLink[]> {
  const found: PodLink[] = [];
  for (const name of await readdir(netnsDirectory).catch(() => [])) {
    const netns = join(netnsDirectory, name);
    // A namespace may go while it is looked into.
    const links = await new Links(exec, netns).list(kind === undefined ? {} : { kind }).catch(() => [] as Link[]);
    found.push(...links.map((link) => ({ netns, link })));
  }
  return found;
}
