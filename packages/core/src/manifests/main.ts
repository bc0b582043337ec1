/** Writes config/ and the generated pages of docs/; run it by `make manifests`, from the root of the repository. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { manifestFiles } from './files.ts';

const { version } = JSON.parse(readFileSync('packages/core/package.json', 'utf8'));

for (const [path, text] of manifestFiles(version)) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  process.stdout.write(`${path}\n`);
}
