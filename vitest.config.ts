import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/runner/longest-first.ts';

const resolve = { conditions: ['source'] };
const ssr = { resolve: { conditions: ['source'] } };
/** Limits are guards against what never comes, with room for a busy machine: no test measures by them. */
const patience = {
  setupFiles: ['test/support/runner/patience.ts'],
  expect: { poll: { timeout: 60_000 } },
  // What differed stands in the one line that test/run.ts closes with.
  chaiConfig: { truncateThreshold: 2_000 },
};

/** Some of the programs that unit tests start are bundled once. */
const preload = 'test/support/bundled/preload.ts';

/** Programs that tests start from source are compiled once. */
const compiledOnce = { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/node') };

const unitTests = [
  '{packages,examples}/*/{src,template/test}/**/*.test.ts',
  'scripts/**/*.test.ts',
  'test/{cluster,support}/**/*.test.ts',
];
// The template's conformance is of the plugin as built: test/integration/create-plugin/scaffold.test.ts runs it.
const notUnitTests = [...configDefaults.exclude, 'packages/create-plugin/template/test/conformance.test.ts'];
const unit = {
  ...patience,
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // Many wait for processes that they start.
  maxWorkers: '100%',
  env: compiledOnce,
};

/** Files that stop the clock or replace a module: what another file left running would meet them. */
const inWorkersOfTheirOwn = globSync(unitTests, { cwd: import.meta.dirname, exclude: ['**/node_modules/**'] }).filter(
  (file) => /\bvi\.(useFakeTimers|mock)\(/.test(readFileSync(join(import.meta.dirname, file), 'utf8')),
);

/** On clusters that may have to be made first, and the image of their nodes. */
const onClusters = {
  testTimeout: 600_000,
  hookTimeout: 1_800_000,
  // One file after another. Those of a worker share its modules, and so the clusters that it has opened.
  maxWorkers: 1,
  isolate: false,
  sequence: { concurrent: false, groupOrder: 1 },
};

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        resolve,
        ssr,
        test: {
          ...unit,
          name: 'unit',
          include: unitTests,
          exclude: [...notUnitTests, ...inWorkersOfTheirOwn],
          globalSetup: ['test/support/bundled/setup.ts'],
          env: { ...compiledOnce, NODE_OPTIONS: `--import=${join(import.meta.dirname, preload)}` },
          // The files of a worker share its modules: loading them anew for each is half of the CPU time.
          isolate: false,
        },
      },
      {
        resolve,
        ssr,
        test: {
          ...unit,
          name: 'unit-isolated',
          include: inWorkersOfTheirOwn,
        },
      },
      {
        resolve,
        ssr,
        test: {
          ...patience,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          // Two files at a time, also with two cores: they wait for the kernel and other programs half of the time.
          // What a file names in the kernel and under /run is therefore its own.
          maxWorkers: 2,
          env: compiledOnce,
        },
      },
      {
        resolve,
        ssr,
        test: {
          ...patience,
          ...onClusters,
          name: 'e2e',
          include: ['test/e2e/**/!(card).test.ts'],
        },
      },
      {
        resolve,
        ssr,
        test: {
          ...patience,
          ...onClusters,
          name: 'e2e-card',
          include: ['test/e2e/card.test.ts'],
        },
      },
      {
        resolve,
        ssr,
        test: {
          ...patience,
          ...onClusters,
          name: 'e2e-real',
          include: ['test/e2e-real/**/*.test.ts'],
        },
      },
      {
        resolve,
        ssr,
        test: {
          ...patience,
          ...onClusters,
          name: 'upgrade',
          include: ['test/upgrade/**/*.test.ts'],
        },
      },
      {
        resolve,
        ssr,
        test: {
          ...patience,
          ...onClusters,
          name: 'e2e-2c',
          include: ['test/e2e-2c/**/*.test.ts'],
        },
      },
    ],
  },
});
