import { mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { JsonFiles } from './json-files.ts';

const schema = z.object({ mac: z.string() });
const directory = () => join(mkdtempSync(join(tmpdir(), 'json-files-')), 'ports');

test('records survive a new instance and are private to root', async () => {
  const path = directory();
  await new JsonFiles(path, schema).put('bridgePorts/host0-3', { mac: '02:00:00:00:00:03' });
  const files = new JsonFiles(path, schema);
  expect(files.get('bridgePorts/host0-3')).toEqual({ mac: '02:00:00:00:00:03' });
  expect(files.entries()).toEqual([['bridgePorts/host0-3', { mac: '02:00:00:00:00:03' }]]);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  await files.delete('bridgePorts/host0-3');
  await files.delete('bridgePorts/host0-3');
  expect(readdirSync(path)).toEqual([]);
});

test('a record that was cut short or is of another shape counts as absent', async () => {
  const path = directory();
  const files = new JsonFiles(path, schema);
  writeFileSync(join(path, 'a.json'), '{"mac": "02');
  writeFileSync(join(path, 'b.json'), '{"vlan": 3}');
  writeFileSync(join(path, 'c.json.1.draft'), '{}');
  expect(files.entries()).toEqual([]);
  expect(files.get('a')).toBeUndefined();
});

test('two writes of one record at once leave one of them', async () => {
  const files = new JsonFiles(directory(), schema);
  await Promise.all([files.put('a', { mac: '1' }), files.put('a', { mac: '2' })]);
  expect(['1', '2']).toContain(files.get('a')?.mac);
});
