/** Each block of commands in the documents for those who run clusters is one that a test runs, or needs hardware. */
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { fencedBlocks } from './readme.ts';

/** By document and heading: the test that runs what stands there. */
const executed: Record<string, Record<string, string>> = {
  'docs/install.md': {
    Kustomize: 'test/e2e/manifests.test.ts',
    Helm: 'test/e2e-2c/helm.test.ts',
    OLM: 'test/e2e/manifests.test.ts',
    MicroShift: 'test/e2e/manifests.test.ts',
    'Without the internet': 'test/e2e/manifests.test.ts',
  },
  'docs/remove.md': {
    Removing: 'test/e2e/manifests.test.ts',
    'When the operator is gone already': 'packages/core/src/dpuctl/uninstall-alone.test.ts',
  },
};

test.each(Object.entries(executed))('%s', async (path, tests) => {
  const blocks = fencedBlocks(await readFile(path, 'utf8')).filter(({ info }) => info === 'sh');
  expect([...new Set(blocks.map(({ heading }) => heading))].sort()).toEqual(Object.keys(tests).sort());
  for (const [heading, file] of Object.entries(tests)) {
    expect(await readFile(file, 'utf8')).toMatch(heading.startsWith('When') ? 'uninstallAlone' : `'${heading}'`);
  }
});

test('every guide is linked from the README', async () => {
  const readme = await readFile('README.md', 'utf8');
  const guides = (await readdir('docs')).filter((name) => name.endsWith('.md'));
  expect(guides.filter((name) => !readme.includes(`(docs/${name})`))).toEqual([]);
});
