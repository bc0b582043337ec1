import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyOfRecords } from './records-copy.ts';

test('records are copied with those that were set aside; nothing else is, and what goes meanwhile is left out', () => {
  const state = mkdtempSync(join(tmpdir(), 'state-'));
  mkdirSync(join(state, 'attachments/set-aside'), { recursive: true });
  mkdirSync(join(state, 'dpu'));
  writeFileSync(join(state, 'attachments/a.json'), 'a');
  writeFileSync(join(state, 'attachments/set-aside/b.json'), 'b');
  // As a file that was listed and is gone when it is opened.
  symlinkSync(join(state, 'gone'), join(state, 'attachments/0.json'));
  const copy = copyOfRecords(state, ['attachments', 'device-homes']);
  expect(readdirSync(copy, { recursive: true }).sort()).toEqual([
    'attachments',
    'attachments/a.json',
    'attachments/set-aside',
    'attachments/set-aside/b.json',
  ]);
  expect(readFileSync(join(copy, 'attachments/set-aside/b.json'), 'utf8')).toBe('b');
});
