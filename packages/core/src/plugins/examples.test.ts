/** The VendorPlugins of examples/ are what the operator takes. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { vendorPlugin } from '../api/kinds/vendor-plugin.ts';
import { checkManifest } from './lookup/manifest.ts';

const examples = fileURLToPath(new URL('../../../../examples', import.meta.url));
const files = (await readdir(examples)).filter((name) => name.startsWith('vendor-plugin'));

test('there are examples for each image of the Go operator', () => {
  expect(files).toEqual(
    expect.arrayContaining(['marvell', 'intel-ipu', 'intel-netsec'].map((name) => `vendor-plugin-${name}.yaml`)),
  );
});

test.each(files)('%s has what the schema knows, and nothing else', async (file) => {
  const documents = parseAllDocuments(await readFile(join(examples, file), 'utf8')).map((document) => document.toJS());
  const [object] = documents.filter(({ kind }) => kind === vendorPlugin.kind);
  const { spec } = vendorPlugin.schema.parse(object);
  // What a package says is in the registry.
  if (spec.package === undefined) checkManifest(spec.manifest);
  // Nothing that was written is lost: a field that the schema does not know would be.
  expect(spec).toMatchObject(object.spec);
});
