/**
 * Writes config/, charts/, bundle/ and the generated pages of docs/, from the root of the repository: `make manifests`.
 * With `--output`, and images by tag or digest, it writes a copy for a release elsewhere.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { defaults } from './deployment.ts';
import { manifestFiles } from './files.ts';

const { values } = parseArgs({
  options: {
    output: { type: 'string', default: '.' },
    'operator-image': { type: 'string', default: defaults.images.operator },
    'vsp-image': { type: 'string', default: defaults.images.vsp },
  },
});
const { version } = JSON.parse(readFileSync('packages/core/package.json', 'utf8'));
const images = { operator: values['operator-image'], vsp: values['vsp-image'] };

for (const [path, text] of manifestFiles(version, images)) {
  const file = join(values.output, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  process.stdout.write(`${file}\n`);
}
