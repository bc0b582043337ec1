/**
 * Runs vitest projects, each whatever became of the others, in two lanes (support/runner/lanes.ts). In CI, where nobody looks at
 * them afterwards, clusters go as soon as nothing uses them: one at rest takes a fifth of a core. What a project prints
 * stands in `.build/test/<project>.log`, its results in `<project>.json` there. With several projects each line says whose
 * it is. Closes with a row for each project, what failed, and the sum in one line: `12 passed, 0 failed, 0 skipped`.
 * With T in the environment only the files that have it in their path, and an error where there are none.
 * Usage: [T=<part of a path>] node test/run.ts unit unit-isolated e2e-2c integration e2e e2e-card
 */
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { deleteCluster } from './cluster/index.ts';
import { repositoryRoot } from './cluster/paths.ts';
import { elapsedSince } from './cluster/progress.ts';
import { clusterName } from './support/on-clusters/test-cluster.ts';
import { installPrograms } from './support/programs/programs.ts';
import { clustersLeft, lanesOf } from './support/runner/lanes.ts';
import { type ProjectResult, resultOf, sumOf } from './support/runner/summary.ts';

const projects = process.argv.slice(2);
const { T: wanted } = process.env;
const filter = wanted ? [wanted, '--passWithNoTests'] : [];
const directory = join(repositoryRoot, '.build/test');
const width = Math.max(...projects.map((name) => name.length));

/** One project's run; its lines are shown with its name where others run beside it. */
async function run(project: string): Promise<ProjectResult> {
  const start = performance.now();
  const json = join(directory, `${project}.json`);
  await rm(json, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${json}`];
  const vitest = execa('vitest', ['run', '--project', project, ...filter, ...reporters], {
    all: true,
    buffer: false,
    reject: false,
  });
  const log = createWriteStream(join(directory, `${project}.log`));
  const prefix = projects.length > 1 ? `${project.padEnd(width)} | ` : '';
  for await (const line of vitest.iterable({ from: 'all' })) {
    log.write(`${line}\n`);
    console.log(`${prefix}${line}`);
  }
  const { exitCode } = await vitest;
  log.end();
  const report = await readFile(json, 'utf8').then(JSON.parse, () => undefined);
  return { project, took: elapsedSince(start), ...resultOf(report, exitCode) };
}

async function inTurn(lane: readonly string[]): Promise<ProjectResult[]> {
  const results: ProjectResult[] = [];
  for (const [index, project] of lane.entries()) {
    results.push(await run(project));
    if (!process.env.CI || process.env.TEST_CLUSTER === 'existing') continue;
    for (const left of clustersLeft(lane, index)) {
      await deleteCluster({ name: `${clusterName}${left}`, log: console.log }).catch((error) => console.error(error));
    }
  }
  return results;
}

function print(results: readonly ProjectResult[]): void {
  console.log('');
  for (const { project, took, passed, failed, skipped, failures } of results) {
    console.log(`${project.padEnd(width)}  ${took}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
    for (const failure of failures) console.log(`${' '.repeat(width)}  × ${failure}`);
    if (failed > 0) console.log(`${' '.repeat(width)}  see ${join(directory, `${project}.log`)}`);
  }
  const { passed, failed, skipped } = sumOf(results);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  if (failed > 0) process.exitCode = 1;
  if (wanted && passed + failed + skipped === 0) {
    console.error(`no test file of ${projects.join(', ')} has "${wanted}" in its path`);
    process.exitCode = 1;
  }
}

await mkdir(directory, { recursive: true });
// Before anything runs side by side: there is one lock on the machine's packages. Tests that need them fail without.
if (projects.includes('integration')) await installPrograms().catch((error) => console.error(error));
print((await Promise.all(lanesOf(projects).map(inTurn))).flat());
