import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { installedDirectory, installedPackage, lockHash } from './directory.ts';
import { parseTermination } from './install-error.ts';
import { PluginStore } from './store.ts';

let root: string;
let store: PluginStore;
const at = (name: string) => join(root, name);
const names = async () => (await readdir(root)).filter((name) => name !== '.users').sort();

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'plugin-root-'));
  store = new PluginStore(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A release that was last used so many days ago. */
async function release(name: string, days: number): Promise<void> {
  await mkdir(join(at(name), 'node_modules/p'), { recursive: true });
  await writeFile(join(at(name), 'node_modules/p/package.json'), '{}');
  const time = new Date(Date.now() - days * 86_400_000);
  await utimes(at(name), time, time);
}

test('a release has one directory a package, version and lock', () => {
  const source = { packageName: '@acme/dpu-vsp', version: '1.0.0-rc.1', lock: 'plugin-acme-1234abcd-0011223344556677' };
  expect(lockHash(source.lock)).toBe('0011223344556677');
  expect(installedPackage(source)).toBe(
    '/var/lib/dpu-operator/plugins/acme-dpu-vsp-1.0.0-rc.1-0011223344556677/node_modules/@acme/dpu-vsp',
  );
  const next = installedDirectory({ ...source, lock: 'plugin-acme-1234abcd-8899aabbccddeeff' });
  expect(next).not.toBe(installedDirectory(source));
});

test('what DPUs use stays, and the last three of the rest', async () => {
  for (let days = 1; days <= 6; days++) await release(`r${days}`, days);
  await store.claim('dpu-a', at('r6'));
  await store.claim('dpu-b', at('r1'));
  await store.claim('dpu-b', at('r2'));
  expect(await store.prune()).toEqual(['r5']);
  expect(await names()).toEqual(['r1', 'r2', 'r3', 'r4', 'r6']);
});

test('what was looked for last counts as used', async () => {
  for (let days = 1; days <= 4; days++) await release(`r${days}`, days);
  expect(await store.has(at('r4'), 'p')).toBe(true);
  expect(await store.has(at('r5'), 'p')).toBe(false);
  expect(await store.prune()).toEqual(['r3']);
});

test('what a broken installation left goes after a while; one in work stays', async () => {
  const [left, inWork] = [await store.workDirectory(), await store.workDirectory()];
  const old = new Date(Date.now() - 7_200_000);
  await utimes(left, old, old);
  await store.prune();
  expect(await names()).toEqual([inWork.slice(root.length + 1)]);
});

test('of two installers one puts it in place, whole', async () => {
  const [first, second] = [await store.workDirectory(), await store.workDirectory()];
  for (const work of [first, second]) await writeFile(join(work, 'file'), work);
  expect(await Promise.all([store.put(first, at('r')), store.put(second, at('r'))])).toContain(false);
  expect(await names()).toEqual(['r']);
});

test('a termination message tells the reason', () => {
  expect(parseTermination('progress\nTampered: a tarball of x')).toEqual({
    reason: 'Tampered',
    message: 'a tarball of x',
  });
  expect(parseTermination('Error: something else')).toBeUndefined();
});
