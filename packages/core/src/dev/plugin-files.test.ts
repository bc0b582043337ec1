import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { PluginFiles } from './plugin-files.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'plugin-files-'));
  for (const name of ['src', 'dist', 'node_modules/x', '.git']) mkdirSync(join(directory, name), { recursive: true });
  write('package.json', '{}');
  write('src/a.ts', 'a');
});

const write = (name: string, text: string) => writeFileSync(join(directory, name), text);

function changes(leaveOut: string[] = []) {
  const seen: string[][] = [];
  const files = new PluginFiles(directory, leaveOut, (changed) => seen.push(changed));
  onTestFinished(() => {
    files.close();
    rmSync(directory, { recursive: true });
  });
  return seen;
}

test('files written together are one change, new directories are watched too', async () => {
  const seen = changes();
  mkdirSync(join(directory, 'src/new'));
  write('src/new/b.ts', 'b');
  write('package.json', '{"a":1}');
  await vi.waitFor(() => expect(seen).toEqual([['package.json', 'src/new/b.ts']]));
  write('src/new/b.ts', 'c');
  await vi.waitFor(() => expect(seen).toHaveLength(2));
  rmSync(join(directory, 'src/new'), { recursive: true });
  await vi.waitFor(() => expect(seen[2]).toEqual(['src/new/b.ts']));
});

test('what has the same content, and what a build or npm writes, is no change', async () => {
  const seen = changes(['dist']);
  write('src/a.ts', 'a');
  for (const name of ['dist/a.js', 'node_modules/x/y', '.git/z', 'tsconfig.tsbuildinfo', 'README.md'])
    write(name, 'new');
  // Events come in order: when this one has been told, those before have been looked at.
  write('src/last.ts', '');
  await vi.waitFor(() => expect(seen).toEqual([['src/last.ts']]));
});
