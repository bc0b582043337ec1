import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manifestFiles } from './files.ts';

const root = join(import.meta.dirname, '../../../..');

test.each([...manifestFiles()])('%s is what `make manifests` writes', (name, text) => {
  expect(readFileSync(join(root, name), 'utf8')).toBe(text);
});

test('config/crd holds nothing else', () => {
  const generated = [...manifestFiles().keys()].filter((name) => name.startsWith('config/crd/'));
  expect(
    readdirSync(join(root, 'config/crd'))
      .map((name) => `config/crd/${name}`)
      .sort(),
  ).toEqual(generated.sort());
});
