import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { contractVersion } from '../../manifest/contract-version.ts';
import { allChecks } from '../checks/index.ts';
import { incidents } from '../session/ready.ts';

/** Faults that show on a node's network devices only. */
const ofNetworkDevices = join(import.meta.dirname, '../../../../../test/integration/sdk/conformance-links.test.ts');

const directory = join(import.meta.dirname, '../../../docs/contract/v1');

async function rules(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const file of await readdir(directory)) {
    const text = await readFile(join(directory, file), 'utf8');
    for (const [, rule = ''] of text.matchAll(/^### ([A-Z]{2}-\d+)$/gm)) {
      if (found.has(rule)) throw new Error(`${rule} is in ${found.get(rule)} and in ${file}`);
      found.set(rule, file);
    }
  }
  return found;
}

test('every check says where its rule is written', async () => {
  const anchors = new Set([...(await rules())].map(([rule, file]) => `contract/v1/${file}#${rule.toLowerCase()}`));
  for (const { id, document } of allChecks) expect([id, anchors.has(document)]).toEqual([id, true]);
});

test('rules without a check are those that cannot be seen on the wire', async () => {
  const documents = [...allChecks, ...incidents].map(({ document }) => document);
  const checked = new Set(documents.map((document) => document.split('#')[1]?.toUpperCase()));
  const unchecked = [...(await rules()).keys()].filter((rule) => !checked.has(rule)).sort();
  // Frames.
  expect(unchecked).toEqual(['NF-1']);
});

test('each check is in a table of faults', async () => {
  const files = (await readdir(import.meta.dirname)).filter((file) => file.endsWith('-faults.test.ts'));
  const tables = [...files.map((file) => join(import.meta.dirname, file)), ofNetworkDevices];
  const texts = await Promise.all(tables.map((table) => readFile(table, 'utf8')));
  const hasFault = (id: string) => texts.some((text) => text.includes(`'${id}'`));
  expect(files.length).toBeGreaterThan(2);
  const without = allChecks.map(({ id }) => id).filter((id) => !hasFault(id));
  expect(without).toEqual([]);
});

test('ids are unique, and name their group', () => {
  const ids = allChecks.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, group } of allChecks) expect(id).toMatch(new RegExp(`^${group}\\.[a-z0-9-]+$`));
});

test('the documents are of the version that is served', async () => {
  expect(await readFile(join(directory, 'README.md'), 'utf8')).toContain(
    `# The plugin contract, version ${contractVersion}`,
  );
});
