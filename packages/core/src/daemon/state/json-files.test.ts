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

test('what cannot be read is reported', () => {
  const path = directory();
  new JsonFiles(path, schema);
  writeFileSync(join(path, 'a.json'), '{"mac": "02', { mode: 0o600 });
  let told = 0;
  const files = new JsonFiles(path, schema, {
    onUnreadable: () => {
      told += 1;
    },
  });
  expect(files.entries()).toEqual([]);
  expect(files.unreadable()).toEqual([{ path: join(path, 'set-aside/a.json'), reason: 'it is not JSON' }]);
  expect(told).toBe(1);
});

test('the last of several writes of one record at once counts, in memory and on disk', async () => {
  const path = directory();
  const files = new JsonFiles(path, schema);
  await Promise.all([...Array.from({ length: 9 }, (_, mac) => files.put('a', { mac: `${mac}` }))]);
  expect(files.get('a')).toEqual({ mac: '8' });
  expect(new JsonFiles(path, schema).get('a')).toEqual({ mac: '8' });
});
