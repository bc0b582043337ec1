import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manifestFiles } from './files.ts';

const root = join(import.meta.dirname, '../../../..');

test.each([...manifestFiles()])('%s is what `make manifests` writes', (name, text) => {
  expect(readFileSync(join(root, name), 'utf8')).toBe(text);
});

test.each(['config/crd', 'config/deploy', 'config/policy'])('%s holds nothing else', (directory) => {
  const generated = [...manifestFiles().keys()].filter((name) => name.startsWith(`${directory}/`));
  expect(
    readdirSync(join(root, directory))
      .map((name) => `${directory}/${name}`)
      .sort(),
  ).toEqual(generated.sort());
});
