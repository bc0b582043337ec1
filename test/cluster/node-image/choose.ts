import type { Engine } from '../engine/engine.ts';
import { imageExists, pullImage } from '../engine/engine-images.ts';
import type { Log } from '../progress.ts';
import { publishedNodeImage } from '../versions.ts';
import { buildNodeImage, builtNodeImageName } from './build.ts';

export interface NodeImage {
  name: string;
  /** Built here: it has no pod network, no DNS and no storage driver of Kind's own. */
  built: boolean;
}

/** For 400 MB over a slow line. */
const pullTimeoutMs = 15 * 60_000;

/** The published node image where it is here or can be pulled; else the one built from source. */
export async function ensureNodeImage(log: Log, engine: Engine): Promise<NodeImage> {
  if (await imageExists(engine, publishedNodeImage)) return { name: publishedNodeImage, built: false };
  const built = await builtNodeImageName();
  if (await imageExists(engine, built)) return { name: built, built: true };
  if (await pullImage(log, engine, `docker.io/${publishedNodeImage}`, pullTimeoutMs)) {
    return { name: publishedNodeImage, built: false };
  }
  return { name: await buildNodeImage(log, engine), built: true };
}
