/** The objects in the guides of the SDK are such as the API server takes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { dataProcessingUnitConfig } from './kinds/data-processing-unit-config.ts';
import { vendorPlugin } from './kinds/vendor-plugin.ts';

const docs = join(import.meta.dirname, '../../../sdk/docs');
const pages = ['tutorial.md', ...readdirSync(join(docs, 'guides')).map((name) => `guides/${name}`)];
const objects = pages.flatMap((page) =>
  [...readFileSync(join(docs, page), 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```/gm)].flatMap(([, text = '']) =>
    parseAllDocuments(text).map((document) => ({ page, object: document.toJS() })),
  ),
);
const schemas = { DataProcessingUnitConfig: dataProcessingUnitConfig.schema, VendorPlugin: vendorPlugin.schema };
const metadata = { name: 'acme' };
const ours = objects.filter(({ object }) => object.kind in schemas);

test.each(ours)('$object.kind in $page', ({ object }) => {
  const whole = { apiVersion: 'config.openshift.io/v1', metadata, ...object };
  const parsed = schemas[object.kind as keyof typeof schemas].parse(whole);
  // Nothing of it is a field that there is not.
  expect(parsed.spec).toMatchObject(object.spec);
  if (object.spec.manifest) parsePluginManifest({ dpu: object.spec.manifest });
});

test('there are both kinds', () => {
  expect(new Set(ours.map(({ object }) => object.kind))).toEqual(new Set(Object.keys(schemas)));
});
