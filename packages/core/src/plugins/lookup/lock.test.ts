import { expect, test } from 'vitest';
import { checkLock, hashOfLock } from './lock.ts';

const integrity = 'sha512-abc=';
const resolved = 'https://registry.example.com/x.tgz';
const plugin = { packageName: '@acme/plugin', version: '1.0.0', integrity };
const top = { version: '1.0.0', resolved, integrity };

function lock(packages: object, of: object = top): string {
  return JSON.stringify({
    name: 'dpu-plugin',
    lockfileVersion: 3,
    packages: { '': { dependencies: { '@acme/plugin': '1.0.0' } }, 'node_modules/@acme/plugin': of, ...packages },
  });
}

test('a lock of packages from a registry passes, without what only people read', () => {
  const text = checkLock(
    lock({
      'node_modules/a': {
        version: '1.0.0',
        resolved,
        integrity,
        funding: { url: 'x' },
        license: 'MIT',
        optional: true,
      },
      // Covered by the hash of the tarball that it lies in.
      'node_modules/a/node_modules/b': { version: '2.0.0', inBundle: true },
    }),
    plugin,
  );
  expect(JSON.parse(text).packages['node_modules/a']).toEqual({
    version: '1.0.0',
    resolved,
    integrity,
    optional: true,
  });
  expect(hashOfLock(text)).toMatch(/^[0-9a-f]{16}$/);
});

test.each([
  ['a git repository', { resolved: 'git+ssh://git@example.com/a.git#abc' }],
  ['a directory', { resolved: 'a', link: true }],
  ['no hash', { resolved, integrity: undefined }],
  ['a hash that can be forged', { resolved, integrity: 'sha1-abc=' }],
  ['a git repository further down', { resolved, dependencies: { b: 'github:user/b' } }],
  ['a git repository by its short name', { resolved, optionalDependencies: { b: 'user/b' } }],
  ['a tarball somewhere', { resolved, dependencies: { b: 'https://example.com/b.tgz' } }],
  ['a file', { resolved, peerDependencies: { b: 'file:../b' } }],
  ['another name for a git repository', { resolved, dependencies: { b: 'npm:git+https://x/y' } }],
])('%s is refused', (_, entry) => {
  const text = lock({ 'node_modules/a': { version: '1.0.0', integrity, ...entry } });
  expect(() => checkLock(text, plugin)).toThrow(
    expect.objectContaining({ reason: 'DependencyUnsafe', message: expect.stringContaining(': a ') }),
  );
});

test.each(['^1.0.0', 'latest', '', '*', '>=1 <3 || ^4', 'npm:@other/b@^1.0.0', 'npm:b'])('%s is a registry', (spec) => {
  const text = lock({ 'node_modules/a': { version: '1.0.0', resolved, integrity, dependencies: { b: spec } } });
  expect(() => checkLock(text, plugin)).not.toThrow();
});

test('the plugin must be the one that was looked up', () => {
  const other = { ...top, integrity: 'sha512-other=' };
  expect(() => checkLock(lock({}, other), plugin)).toThrow(expect.objectContaining({ reason: 'IntegrityMismatch' }));
});

test.each([
  ['another version', JSON.stringify({ lockfileVersion: 4, packages: {} })],
  ['no packages', JSON.stringify({ lockfileVersion: 3 })],
  ['no JSON', 'lockfileVersion: 3'],
])('a lock of another form, with %s, is a reason of the lookup', (_form, text) => {
  expect(() => checkLock(text, plugin)).toThrow(
    expect.objectContaining({ name: 'LookupError', reason: 'LockInvalid' }),
  );
});
