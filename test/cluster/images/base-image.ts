import type { Builder } from '../engine/engine.ts';
import { imageExists, importImage, pullImage, removeOtherTags } from '../engine/engine-images.ts';
import { debianKey, debianRoot } from '../node-image/debian-root.ts';
import { type Log, step } from '../progress.ts';
import { versions } from '../versions.ts';

const published = `docker.io/library/debian:${versions.debian}-slim`;
const builtHere = `localhost/dpu-operator/debian:${debianKey([])}`;

/** For 30 MB over a slow line. */
const pullTimeoutMs = 5 * 60_000;

/** What the Containerfiles build on: the published Debian where it can be had, else one of Debian's packages. */
export async function ensureBaseImage(log: Log, engine: Builder): Promise<string> {
  for (const name of [published, builtHere]) if (await imageExists(engine, name)) return name;
  if (await pullImage(log, engine, published, pullTimeoutMs)) return published;
  const tar = await debianRoot(log, 'base', []);
  await step(log, `import ${builtHere}`, () => importImage(engine, builtHere, { tar }, ['CMD ["bash"]']));
  await removeOtherTags(engine, builtHere);
  return builtHere;
}
