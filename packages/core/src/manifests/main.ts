/** Writes config/crd and config/deploy; run it by `make manifests`, from the root of the repository. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { manifestFiles } from './files.ts';

for (const [name, text] of manifestFiles()) {
  const path = join('config', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  process.stdout.write(`${path}\n`);
}
