/** Writes config/ and the generated pages of docs/; run it by `make manifests`, from the root of the repository. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { manifestFiles } from './files.ts';

for (const [path, text] of manifestFiles()) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  process.stdout.write(`${path}\n`);
}
