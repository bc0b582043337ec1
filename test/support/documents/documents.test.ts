/** Each block of commands in a guide is run by a test, or says itself what it needs that tests have not. */
import { globSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { attempt } from '../../cluster/run.ts';
import { type Block, fencedBlocks, words } from './readme.ts';

/** What these do is to make clusters and to run tests, so that no test runs them: each must be a target that there is. */
const dryRun = 'dry run';

/** By document and heading: the test, or tests, that take the commands there out of the document and run them. */
const runBy: Record<string, Record<string, string | string[]>> = {
  'CONTRIBUTING.md': {
    'Set up': dryRun,
    'Run one test': dryRun,
    'A cluster that stays': dryRun,
  },
  'README.md': {
    'Two commands': dryRun,
    'Use it on your cluster': 'test/e2e/uninstall.test.ts',
    'When a side is away': 'test/e2e/outages.test.ts',
    'Choose the plugin of a DPU': 'test/e2e/vendor-plugin.test.ts',
    'Write a plugin': 'test/integration/create-plugin/scaffold.test.ts',
  },
  'docs/cards/intel-ipu.md': {
    'How to see its state': 'test/e2e/card.test.ts',
  },
  'docs/cards/intel-netsec.md': {
    'How to see its state': 'test/e2e/card.test.ts',
  },
  'docs/cards/marvell.md': {
    'How to see its state': 'test/e2e/card.test.ts',
  },
  'docs/chains.md': {
    'Chains of network functions': 'test/e2e/chains.test.ts',
    'In other namespaces': 'test/e2e/chain-namespaces.test.ts',
  },
  'docs/commands.md': {
    Images: dryRun,
    'Installing and removing': ['test/e2e/uninstall.test.ts', 'test/e2e-2c/uninstall.test.ts'],
  },
  'docs/install.md': {
    Kustomize: 'test/e2e/manifests.test.ts',
    Helm: 'test/e2e-2c/helm.test.ts',
    OLM: 'test/e2e/manifests.test.ts',
    MicroShift: 'test/e2e/manifests.test.ts',
    'Without the internet': 'test/e2e/manifests.test.ts',
  },
  'docs/metrics.md': {
    'Who may read': 'test/e2e/rights.test.ts',
  },
  'docs/migrate.md': {
    Before: 'test/e2e/migrate.test.ts',
    'Take over': 'test/e2e/migrate.test.ts',
    'The way back': 'test/e2e/migrate.test.ts',
    'With a Job': 'test/e2e/migrate.test.ts',
  },
  'docs/networks.md': {
    'Networks of DPUs': 'test/steps/dpu-networks.ts',
  },
  'docs/remove.md': {
    Removing: 'test/e2e/manifests.test.ts',
    'When the operator is gone already': 'test/e2e/uninstall.test.ts',
  },
  'docs/rollouts.md': {
    'Pause and go on': 'test/e2e/vendor-plugin.test.ts',
  },
  'docs/test-cards.md': {
    'On a Kind cluster, without a card': dryRun,
  },
  'docs/trust.md': {
    dpuctl: 'test/e2e/trust.test.ts',
    'See who is trusted': 'test/e2e/trust.test.ts',
    'Two clusters': 'test/e2e-2c/trust.test.ts',
    'Exchange an authority': 'test/e2e-2c/trust.test.ts',
    "When others may know an authority's key": 'test/e2e/trust.test.ts',
    Revoke: 'test/e2e/trust.test.ts',
    'Your own authority': 'test/e2e/trust.test.ts',
  },
  'docs/upgrade.md': {
    'Going on': 'test/upgrade/upgrade.test.ts',
    'What happens, in this order': 'test/upgrade/upgrade.test.ts',
    'When it goes no further': 'test/e2e/vendor-plugin.test.ts',
    'Going back': 'test/upgrade/upgrade.test.ts',
  },
  'examples/vsp-acme/README.md': {
    'What is what': 'test/integration/vsp-acme/two-nodes.test.ts',
    'The sources': dryRun,
  },
  'packages/core/README.md': {
    '@dpu-operator/core': 'test/integration/create-plugin/scaffold.test.ts',
  },
  'packages/create-plugin/README.md': {
    'Write a plugin for the DPU operator': 'test/integration/create-plugin/scaffold.test.ts',
  },
  'packages/create-plugin/template/README.md': {
    'Develop it': 'test/integration/create-plugin/scaffold.test.ts',
  },
  'packages/sdk/docs/guides/bridges.md': {
    'Try it': 'test/integration/vsp-acme/conformance.test.ts',
  },
  'packages/sdk/docs/guides/dev.md': {
    'Run a plugin without hardware or cluster': 'test/integration/create-plugin/scaffold.test.ts',
    'In CI': 'test/integration/create-plugin/scaffold.test.ts',
  },
  'packages/sdk/docs/guides/from-go.md': {
    'Run the image as it is': 'test/e2e/go-vsp.test.ts',
  },
  'packages/sdk/docs/guides/pod.md': {
    'A version that asks for more': 'test/steps/pod-asks.ts',
  },
  'packages/sdk/docs/guides/publishing.md': {
    'The package': 'test/integration/create-plugin/scaffold.test.ts',
    'Without the card': 'test/integration/create-plugin/scaffold.test.ts',
    'On a cluster': 'test/e2e/vendor-plugin.test.ts',
  },
  'packages/sdk/docs/tutorial.md': {
    'Write it': 'test/integration/create-plugin/scaffold.test.ts',
    'Try it': 'test/integration/create-plugin/scaffold.test.ts',
    'The host: virtual functions': 'test/integration/create-plugin/scaffold.test.ts',
    'The DPU: ports': 'test/integration/create-plugin/scaffold.test.ts',
    'Publish it': 'test/integration/create-plugin/scaffold.test.ts',
  },
  'packages/vsp-mock/README.md': {
    'What is what': 'test/e2e/outages.test.ts',
  },
};

/** The first line of a block that no test runs: what it needs, for those who read it. */
const needs = /^# Needs .+\.$/;

const documents = globSync(['*.md', '{docs,packages,examples,test}/**/*.md'], {
  exclude: (name) => name === 'node_modules' || name === 'dist',
}).sort();

async function shellBlocks(path: string): Promise<Block[]> {
  return fencedBlocks(await readFile(path, 'utf8')).filter(({ info }) =>
    ['sh', 'bash', 'shell', 'console'].includes(info),
  );
}

const isMarked = ({ lines: [first = ''] }: Block): boolean => needs.test(first);

test('no other document is listed', () => {
  expect(documents).toEqual(expect.arrayContaining(Object.keys(runBy)));
});

describe.each(documents)('%s', (path) => {
  const tests = runBy[path] ?? {};

  test('each block is run by a test that is listed here, or marked', async () => {
    const toRun = (await shellBlocks(path)).filter((block) => !isMarked(block));
    expect([...new Set(toRun.map(({ heading }) => heading))].sort()).toEqual(Object.keys(tests).sort());
  });

  const takenBy = Object.entries(tests).flatMap(([heading, by]) => [by].flat().map((file) => ({ heading, file })));

  test.each(takenBy.filter(({ file }) => file !== dryRun))(
    '"$heading" is taken by $file',
    async ({ heading, file }) => {
      const code = await readFile(file, 'utf8');
      const names = path === 'README.md' ? ['readmeCommands('] : [path, `\`${dirname(path)}/\${`];
      expect(names.filter((name) => code.includes(name))).toHaveLength(1);
      if (!code.includes(`stepsOf('${path}')`)) expect(code.replaceAll('"', "'")).toContain(`'${heading}'`);
    },
  );

  test.each(takenBy.filter(({ file }) => file === dryRun))('"$heading" names what there is', async ({ heading }) => {
    const blocks = (await shellBlocks(path)).filter((block) => block.heading === heading && !isMarked(block));
    const { scripts = {} } = JSON.parse(await readFile(join(dirname(path), 'package.json'), 'utf8').catch(() => '{}'));
    for (const command of blocks.flatMap(({ lines }) => lines)) await mustExist(command, scripts);
  });
});

/** Of make targets and scripts of npm. */
async function mustExist(command: string, scripts: Record<string, string>): Promise<void> {
  for (const part of command.split(' && ')) {
    const [program, ...args] = words(part.replace(/^sudo /, ''));
    if (program === 'npm') {
      expect(Object.keys(scripts), command).toContain(args[0] === 'run' ? args[1] : args[0]);
      continue;
    }
    expect(program, command).toBe('make');
    const { exitCode, stderr } = await attempt(['make', '--dry-run', ...args]);
    expect(exitCode, stderr).toBe(0);
  }
}

test('every guide is linked from the README', async () => {
  const readme = await readFile('README.md', 'utf8');
  const guides = (await readdir('docs')).filter((name) => name.endsWith('.md'));
  expect(guides.filter((name) => !readme.includes(`(docs/${name})`))).toEqual([]);
});
