/** What the guide about kinds of cards shows is a manifest. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parsePluginManifest } from './parse.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/cards.md'), 'utf8');
const examples = [...guide.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) => JSON.parse(text));

test.each(examples)('%j', (example) => {
  const { host, dpu, ...side } = example;
  const product = host || dpu ? { host, dpu } : { host: { identifier: 'card-{node}', ...side } };
  const { products } = parsePluginManifest({ dpu: { contract: '^1.0.0', products: [{ name: 'Card', ...product }] } });
  expect(products).toMatchObject([product]);
});

test('there are examples', () => expect(examples.length).toBeGreaterThan(5));
