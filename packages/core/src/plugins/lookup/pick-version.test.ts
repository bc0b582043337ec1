import { expect, test } from 'vitest';
import { pickVersion } from './pick-version.ts';

const published = {
  versions: ['1.0.0', '1.2.0', '1.10.0', '2.0.0', '2.1.0-rc.1'],
  tags: { latest: '1.2.0', next: '2.1.0-rc.1', lts: '1.0.0' },
};

test.each([
  ['1.0.0', '1.0.0'],
  ['latest', '1.2.0'],
  ['next', '2.1.0-rc.1'],
  ['lts', '1.0.0'],
  // What `latest` says is what its vendor recommends, though there is a higher one.
  ['^1.0.0', '1.2.0'],
  ['>=1.3', '2.0.0'],
  ['*', '1.2.0'],
  ['~2.1.0-rc.0', '2.1.0-rc.1'],
])('%s is %s', (requested, version) => expect(pickVersion(requested, published)).toBe(version));

test.each(['3.0.0', '^3', 'beta', 'file:../x', '2.1.0'])('%s is not there, and what is is named', (requested) => {
  expect(() => pickVersion(requested, published)).toThrow(
    expect.objectContaining({
      reason: 'VersionNotFound',
      message: `there is no version ${requested}; there are 2.1.0-rc.1, 2.0.0, 1.10.0, 1.2.0, 1.0.0, and the tags latest (1.2.0), next (2.1.0-rc.1), lts (1.0.0)`,
    }),
  );
});

test('a tag whose version was unpublished is not there', () => {
  const tags = { latest: '9.0.0' };
  expect(() => pickVersion('latest', { versions: ['1.0.0'], tags })).toThrow('there is no version latest');
  expect(pickVersion('^1', { versions: ['1.0.0'], tags })).toBe('1.0.0');
});

test('a version of a registry that is none takes nothing else out', () => {
  const versions = ['1.0', '1.0.0', 'latest', '2.0.0'];
  expect(pickVersion('^1.0.0', { versions, tags: {} })).toBe('1.0.0');
  expect(() => pickVersion('3.0.0', { versions, tags: {} })).toThrow('there are 2.0.0, 1.0.0, and the tags none');
});
