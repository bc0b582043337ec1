import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';

const root = await mkdtemp(join(tmpdir(), 'dpu-cache-'));
vi.stubEnv('XDG_CACHE_HOME', root);
// Modules look at it when they are loaded, and another file's tests may have loaded them.
vi.resetModules();
const { cachedDirectory } = await import('./cache.ts');
const { requireGo } = await import('./go.ts');
const { withLock } = await import('./lock.ts');
const log = vi.fn();

afterAll(async () => {
  vi.unstubAllEnvs();
  vi.resetModules();
  await rm(root, { recursive: true, force: true });
});

it('makes a directory once for all who need it, and drops those of recipes that nobody asked for in a day', async () => {
  const make = vi.fn(async (directory: string) => writeFile(join(directory, 'file'), ''));
  const [abandoned, asked, recent] = await Promise.all(
    ['a', 'b', 'c'].map((key) => cachedDirectory(log, 'thing', key, make)),
  );
  const longAgo = new Date(Date.now() - 25 * 60 * 60_000);
  for (const directory of [abandoned, asked]) await utimes(directory ?? '', longAgo, longAgo);
  await cachedDirectory(log, 'thing', 'b', make);
  const [one, two] = await Promise.all(['d', 'd'].map((key) => cachedDirectory(log, 'thing', key, make)));
  expect(one).toBe(two);
  expect(make).toHaveBeenCalledTimes(4);
  const there = [abandoned, asked, recent, one].map((directory) => existsSync(join(directory ?? '', 'file')));
  expect(there).toEqual([false, true, true, true]);
});

it('does one piece of work of a name after the other, whatever becomes of the first', async () => {
  const order: string[] = [];
  const first = withLock(log, 'work', async () => {
    order.push('first');
    await new Promise((resolve) => setImmediate(resolve));
    order.push('still first');
    throw new Error('no luck');
  });
  const second = withLock(log, 'work', async () => void order.push('second'));
  await expect(first).rejects.toThrow('no luck');
  await second;
  expect(order.filter((word) => word !== 'second')).toEqual(['first', 'still first']);
  expect(order.indexOf('second')).not.toBe(1);
});

it.each([
  ['go version go1.19.8 linux/amd64', /go1\.19\.8 is too old/],
  ['nothing like it', /Go is missing/],
])('refuses Go where it answers %j', async (answer, words) => {
  await writeFile(join(root, 'go'), `#!/bin/sh\necho '${answer}'\n`);
  await chmod(join(root, 'go'), 0o755);
  vi.stubEnv('PATH', `${root}:${process.env.PATH}`);
  await expect(requireGo('a thing')).rejects.toThrow(words);
});
