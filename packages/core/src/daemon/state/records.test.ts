import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { fileNameOf } from './record-file.ts';
import { Records } from './records.ts';
import { breakDirectory } from './testing.ts';

const logger = pino({ level: 'silent' });
const schema = z.object({ mac: z.string() });
const directory = () => join(mkdtempSync(join(tmpdir(), 'records-')), 'ports');

function open(path: string, onUnreadable?: () => void): Records<{ mac: string }> {
  const records = new Records({ directory: path, schema, what: 'bridge port', logger, onUnreadable });
  onTestFinished(() => records.close());
  return records;
}

test('records survive a new instance and are private to root', async () => {
  const path = directory();
  const earlier = open(path);
  await earlier.put('bridgePorts/host0-3', { mac: '02:00:00:00:00:03' });
  earlier.close();
  const records = open(path);
  expect(records.get('bridgePorts/host0-3')).toEqual({ mac: '02:00:00:00:00:03' });
  expect(records.entries()).toEqual([['bridgePorts/host0-3', { mac: '02:00:00:00:00:03' }]]);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  await records.delete('bridgePorts/host0-3');
  await records.delete('bridgePorts/host0-3');
  expect(readdirSync(path)).toEqual([]);
});

test('what cannot be read is reported', () => {
  const path = directory();
  open(path);
  writeFileSync(join(path, 'a.json'), '{"mac": "02', { mode: 0o600 });
  const onUnreadable = vi.fn();
  const records = open(path, onUnreadable);
  expect(records.entries()).toEqual([]);
  expect(records.unreadable()).toEqual([{ path: join(path, 'set-aside/a.json'), reason: 'it is not JSON' }]);
  expect(onUnreadable).toHaveBeenCalledOnce();
});

test('the last of several writes of one record at once counts, in memory and on disk', async () => {
  const path = directory();
  const records = open(path);
  await Promise.all(Array.from({ length: 9 }, (_, mac) => records.put('a', { mac: `${mac}` })));
  expect(records.get('a')).toEqual({ mac: '8' });
  expect(open(path).get('a')).toEqual({ mac: '8' });
});

test('what is as it was is not written, so that a full disk does not matter', async () => {
  const path = directory();
  const records = open(path);
  await records.put('a', { mac: '1' });
  breakDirectory(path);
  await records.put('a', { mac: '1' });
  await expect(records.put('a', { mac: '2' })).rejects.toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    message: expect.stringContaining('the record of bridge port a cannot be written'),
  });
  expect(records.get('a')).toEqual({ mac: '1' });
});

test('what is undone counts at once, and is on disk when that takes it again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const path = directory();
  const records = open(path);
  await records.put('a', { mac: '1' });
  await records.put('b', { mac: '1' });
  const repair = breakDirectory(path);
  await records.delete('a');
  await records.updateEventually('b', () => ({ mac: '2' }));
  expect(records.entries()).toEqual([['b', { mac: '2' }]]);
  for (const key of ['a', 'b']) expect(() => records.requireWritten(key)).toThrow(`bridge port ${key} cannot be`);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(() => records.requireWritten('b')).toThrow();
  repair();
  writeFileSync(join(path, 'a.json'), '{"mac": "1"}', { mode: 0o600 });
  await vi.advanceTimersByTimeAsync(60_000);
  await vi.waitFor(() => {
    records.requireWritten('a');
    records.requireWritten('b');
  });
  expect(open(path).get('b')).toEqual({ mac: '2' });
});

test('one that is closed does not write into what was taken away', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const path = directory();
  const records = open(path);
  const repair = breakDirectory(path);
  await records.updateEventually('a', () => ({ mac: '1' }));
  records.close();
  repair();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(vi.getTimerCount()).toBe(0);
  expect(readdirSync(path)).toEqual([]);
});

test('a record that somebody deletes is on disk again; one that is deleted here is not', async () => {
  const path = directory();
  const records = open(path);
  await records.put('a', { mac: '1' });
  await records.put('b', { mac: '2' });
  await records.delete('b');
  rmSync(path, { recursive: true });
  await vi.waitFor(() => expect(readdirSync(path)).toEqual([fileNameOf('a')]));
  records.close();
  expect(open(path).entries()).toEqual([['a', { mac: '1' }]]);
});
