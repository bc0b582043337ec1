import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manifestFiles } from './files.ts';

const config = join(import.meta.dirname, '../../../../config');

test.each([...manifestFiles()])('config/%s is what `make manifests` writes', (name, text) => {
  expect(readFileSync(join(config, name), 'utf8')).toBe(text);
});

test('config/crd holds nothing else', () => {
  const generated = [...manifestFiles().keys()].filter((name) => name.startsWith('crd/'));
  expect(
    readdirSync(join(config, 'crd'))
      .map((name) => `crd/${name}`)
      .sort(),
  ).toEqual(generated.sort());
});
