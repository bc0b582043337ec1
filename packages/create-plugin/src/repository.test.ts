import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { publicUrl, repositoryOf } from './repository.ts';

test.each([
  ['https://example.com/acme/vsp.git', 'git+https://example.com/acme/vsp.git'],
  ['https://someone:secret@example.com/acme/vsp.git', 'git+https://example.com/acme/vsp.git'],
  ['git@example.com:acme/vsp.git', 'git+ssh://git@example.com/acme/vsp.git'],
  ['ssh://git:secret@example.com/acme/vsp.git', 'git+ssh://git@example.com/acme/vsp.git'],
  ['/srv/git/vsp.git', undefined],
  ['../vsp.git', undefined],
  ['file:///srv/git/vsp.git', undefined],
  ['http://localhost/vsp.git', undefined],
])('the remote %s is published as %s', (remote, url) => {
  expect(publicUrl(remote)).toBe(url);
});

test('that of the repository in which the plugin is made, or none', async () => {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'create-plugin-')));
  onTestFinished(() => rm(root, { recursive: true }));
  const git = (...args: string[]) => promisify(execFile)('git', args, { cwd: root });
  expect(await repositoryOf(join(root, 'plugins/acme'))).toBeUndefined();
  await git('init', '--quiet');
  expect(await repositoryOf(root)).toBeUndefined();
  await git('remote', 'add', 'origin', 'https://example.com/acme/vsp.git');
  const repository = { type: 'git', url: 'git+https://example.com/acme/vsp.git' };
  expect(await repositoryOf(root)).toEqual(repository);
  await mkdir(join(root, 'plugins'));
  expect(await repositoryOf(join(root, 'plugins'))).toEqual({ ...repository, directory: 'plugins' });
  expect(await repositoryOf(join(root, 'plugins/acme'))).toEqual({ ...repository, directory: 'plugins/acme' });
});
