import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { mountedFiles } from './mounted-files.ts';

let directory: string;
let stopping: AbortController;
beforeEach(async () => {
  stopping = new AbortController();
  directory = await mkdtemp(join(tmpdir(), 'mounted-'));
});
afterEach(async () => {
  stopping.abort();
  await rm(directory, { recursive: true });
});

/** Puts other content in place as the kubelet does: a new directory, and a link that is renamed over the old one. */
async function kubeletWrites(version: string, content: Record<string, string>): Promise<void> {
  await mkdir(join(directory, version));
  for (const [key, text] of Object.entries(content)) {
    await writeFile(join(directory, version, key), text);
    await symlink(join('..data', key), join(directory, key)).catch(() => {});
  }
  await symlink(version, join(directory, '..data_tmp'));
  await rename(join(directory, '..data_tmp'), join(directory, '..data'));
}

const secret = () => mountedFiles('Secret', { name: 'imc', directory }, stopping.signal);

test('a key is read anew after each change, of which a watch tells until it is ended', async () => {
  await kubeletWrites('..1', { password: 'old' });
  const files = secret();
  expect(await files.read('password')).toBe('old');
  const changed = vi.fn();
  const stop = files.watch(changed);
  await kubeletWrites('..2', { password: 'new' });
  await vi.waitFor(() => expect(changed).toHaveBeenCalled());
  expect(await files.read('password')).toBe('new');
  stop();
  const calls = changed.mock.calls.length;
  const other = vi.fn();
  files.watch(other);
  await kubeletWrites('..3', { password: 'newer' });
  // The other watch was told of it, so this one would have been.
  await vi.waitFor(() => expect(other).toHaveBeenCalled());
  expect(changed).toHaveBeenCalledTimes(calls);
});

test('a key that is not there names the object, and one that is none is refused', async () => {
  await expect(secret().read('password')).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: 'Secret imc has no key password: add it',
  });
  for (const key of ['../passwd', '..data', 'a/b', '']) {
    await expect(secret().read(key)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  }
});

test('where no object is named, reading says how to name one, and watching waits for nothing', async () => {
  const files = mountedFiles('ConfigMap', undefined, stopping.signal);
  await expect(files.read('p4info')).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: 'no ConfigMap with key p4info: name one in spec.configMap of a DataProcessingUnitConfig',
  });
  expect(files.watch(() => {})()).toBeUndefined();
});

test('of a directory without a kubelet, a file that is written anew is told', async () => {
  await writeFile(join(directory, 'password'), 'old');
  const files = mountedFiles('Secret', { directory }, stopping.signal);
  const changed = vi.fn();
  files.watch(changed);
  await writeFile(join(directory, 'password'), 'new');
  await vi.waitFor(() => expect(changed).toHaveBeenCalled());
  expect(await files.read('password')).toBe('new');
  await expect(files.read('user')).rejects.toThrow(`Secret ${directory} has no key user: add it`);
});
