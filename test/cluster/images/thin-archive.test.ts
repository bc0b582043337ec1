import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from '../run.ts';
import { thinArchive } from './thin-archive.ts';

const layers = ['base layer', 'our code'];
const hexOf = (text: string) => createHash('sha256').update(text).digest('hex');
const digestOf = (text: string) => `sha256:${hexOf(text)}`;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'thin-archive-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

/** An archive as podman writes it, with layers called `<digest>.tar`. */
async function savedArchive(layerName = hexOf): Promise<string> {
  const source = join(directory, 'source');
  mkdirSync(source);
  const config = { rootfs: { type: 'layers', diff_ids: layers.map(digestOf) } };
  const names = layers.map((layer) => `${layerName(layer)}.tar`);
  writeFileSync(join(source, 'c.json'), JSON.stringify(config));
  writeFileSync(
    join(source, 'manifest.json'),
    JSON.stringify([{ Config: 'c.json', RepoTags: ['x/y:dev'], Layers: names }]),
  );
  for (const [index, name] of names.entries()) writeFileSync(join(source, name), layers[index] ?? '');
  const saved = join(directory, 'saved.tar');
  await run(['tar', '-C', source, '-cf', saved, 'manifest.json', 'c.json', ...names]);
  return saved;
}

it('sends only the layers that are missing, and a manifest that names all', async () => {
  const scratch = join(directory, 'scratch');
  const present = new Set([digestOf('base layer')]);
  const archive = (await thinArchive(await savedArchive(), scratch, 'docker.io/x/y:dev', present)) ?? '';
  const out = join(directory, 'out');
  mkdirSync(out);
  await run(['tar', '-C', out, '-xf', archive]);

  const blob = (digest: string) => readFileSync(join(out, 'blobs/sha256', digest.replace('sha256:', '')), 'utf8');
  const [entry] = JSON.parse(readFileSync(join(out, 'index.json'), 'utf8')).manifests;
  expect(entry.annotations).toEqual({ 'io.containerd.image.name': 'docker.io/x/y:dev' });
  const manifest = JSON.parse(blob(entry.digest));
  expect(manifest.layers.map(({ digest, size }: { digest: string; size: number }) => [digest, size])).toEqual(
    layers.map((layer) => [digestOf(layer), layer.length]),
  );
  expect(JSON.parse(blob(manifest.config.digest)).rootfs.diff_ids).toHaveLength(2);
  expect(blob(digestOf('our code'))).toBe('our code');
  expect(() => blob(digestOf('base layer'))).toThrow('ENOENT');
});

it('leaves archives of compressed layers alone', async () => {
  const saved = await savedArchive((layer) => hexOf(`compressed ${layer}`));
  expect(await thinArchive(saved, join(directory, 'scratch'), 'docker.io/x/y:dev', new Set())).toBeUndefined();
});
