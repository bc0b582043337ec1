import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manifestFiles } from './files.ts';

const root = join(import.meta.dirname, '../../../..');
const { version } = JSON.parse(readFileSync(join(root, 'packages/core/package.json'), 'utf8'));
const files = manifestFiles(version);

test.each([...files])('%s is what `make manifests` writes', (name, text) => {
  expect(readFileSync(join(root, name), 'utf8')).toBe(text);
});

test.each([
  'config/crd',
  'config/default',
  'config/deploy',
  'config/dev',
  'config/dpu',
  'config/host',
  'config/injector',
  'config/migrate',
  'config/migrate-back',
  'config/migrate-finish',
  'config/one-cluster',
  'config/policy',
  'config/without-policy',
  'charts/dpu-operator/templates',
  'bundle/manifests',
  'bundle/metadata',
])('%s holds nothing else', (directory) => {
  const generated = [...files.keys()].filter((name) => name.startsWith(`${directory}/`));
  expect(
    readdirSync(join(root, directory))
      .map((name) => `${directory}/${name}`)
      .sort(),
  ).toEqual(generated.sort());
});
