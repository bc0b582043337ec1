import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256OfFile } from '../file-hash.ts';
import { run } from '../run.ts';

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
};

/**
 * Rewrites what `docker save` or `podman save` wrote as an OCI archive without the layers that the receiver has. A new
 * build of our code changes only the last, small layer of an image of hundreds of megabytes.
 *
 * @returns the archive's path, or undefined where layers are compressed and the whole archive has to be sent
 */
export async function thinArchive(
  saved: string,
  scratch: string,
  tag: string,
  present: Set<string>,
): Promise<string | undefined> {
  await mkdir(scratch, { recursive: true });
  const extract = (...paths: string[]) => run(['tar', '-C', scratch, '-xf', saved, ...paths]);
  await extract('manifest.json');
  const [image] = JSON.parse(await readFile(join(scratch, 'manifest.json'), 'utf8'));
  const { Config: configPath, Layers: layerPaths } = image as SavedImage;
  await extract(configPath);
  const config = JSON.parse(await readFile(join(scratch, configPath), 'utf8'));
  const digests: string[] = config.rootfs.diff_ids;
  if (!layerPaths.every((path, index) => isUncompressed(path, digests[index] ?? ''))) return undefined;

  const sizes = await sizesIn(saved);
  const layers = layerPaths.map(
    (path, index): Descriptor => ({ mediaType: types.layer, digest: digests[index] ?? '', size: sizes.get(path) ?? 0 }),
  );
  const missing = layerPaths.filter((_, index) => !present.has(digests[index] ?? ''));
  if (missing.length > 0) await extract(...missing);

  const oci = join(scratch, 'oci');
  await mkdir(join(oci, 'blobs/sha256'), { recursive: true });
  for (const path of missing) await addBlob(oci, join(scratch, path), digests[layerPaths.indexOf(path)]);
  const configBlob = await addBlob(oci, join(scratch, configPath));
  const manifestPath = join(scratch, 'oci-manifest.json');
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: { ...configBlob, mediaType: types.config },
    layers,
  };
  await writeFile(manifestPath, JSON.stringify(manifest));
  const annotations = { 'io.containerd.image.name': tag };
  const entry = { ...(await addBlob(oci, manifestPath)), mediaType: types.manifest, annotations };
  await writeFile(join(oci, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  await writeFile(join(oci, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const archive = join(scratch, 'thin.tar');
  await run(['tar', '-C', oci, '-cf', archive, 'oci-layout', 'index.json', 'blobs']);
  return archive;
}

interface SavedImage {
  Config: string;
  Layers: string[];
}

/** Where a layer is named by its digest, another digest than that of its content means that it is compressed. */
function isUncompressed(path: string, diffId: string): boolean {
  const named = /([0-9a-f]{64})(\.tar)?$/.exec(path)?.[1];
  return named === undefined || `sha256:${named}` === diffId;
}

async function sizesIn(archive: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const line of (await run(['tar', '-tvf', archive])).split('\n')) {
    const [, size, path] = /^-\S+\s+\S+\s+(\d+)\s+\S+\s+\S+\s+(.+)$/.exec(line) ?? [];
    if (size && path) sizes.set(path, Number(size));
  }
  return sizes;
}

async function addBlob(oci: string, path: string, digest?: string): Promise<Omit<Descriptor, 'mediaType'>> {
  const name = digest?.replace('sha256:', '') ?? (await sha256OfFile(path));
  const target = join(oci, 'blobs/sha256', name);
  await mkdir(dirname(target), { recursive: true });
  await rename(path, target);
  return { digest: `sha256:${name}`, size: (await stat(target)).size };
}
