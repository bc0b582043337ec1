import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { PluginFiles } from './plugin-files.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'plugin-files-'));
  for (const name of ['src', 'dist', 'node_modules/x', '.git']) mkdirSync(join(directory, name), { recursive: true });
  write('package.json', '{}');
  write('src/a.ts', 'a');
});

const write = (name: string, text: string) => writeFileSync(join(directory, name), text);

function watched() {
  const files = new PluginFiles(directory);
  const { signal } = new AbortController();
  onTestFinished(() => {
    files.close();
    rmSync(directory, { recursive: true });
  });
  return { files, next: () => files.changes(signal) };
}

test('files written together are one change, new directories are watched too', async () => {
  const { next } = watched();
  mkdirSync(join(directory, 'src/new'));
  write('src/new/b.ts', 'b');
  write('package.json', '{"a":1}');
  expect(await next()).toEqual(['package.json', 'src/new/b.ts']);
  write('src/new/b.ts', 'c');
  expect(await next()).toEqual(['src/new/b.ts']);
  rmSync(join(directory, 'src/new'), { recursive: true });
  expect(await next()).toEqual(['src/new/b.ts']);
});

test('what has the same content, and what a build or npm writes, is no change', async () => {
  const { files, next } = watched();
  write('dist/before.js', 'new');
  files.leaveOut('dist');
  write('src/a.ts', 'a');
  for (const name of ['dist/a.js', 'node_modules/x/y', '.git/z', 'tsconfig.tsbuildinfo', 'README.md'])
    write(name, 'new');
  // Events come in order: when this one has been told, those before have been looked at.
  write('src/last.ts', '');
  expect(await next()).toEqual(['src/last.ts']);
});

test('what is written while nobody waits is told to who asks next, and waiting ends with the signal', async () => {
  const { files, next } = watched();
  const first = next();
  write('src/a.ts', 'b');
  expect(await first).toEqual(['src/a.ts']);
  write('src/a.ts', 'c');
  const stop = new AbortController();
  expect(await next()).toEqual(['src/a.ts']);
  const waiting = files.changes(stop.signal);
  stop.abort();
  expect(await waiting).toEqual([]);
});
