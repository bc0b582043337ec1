/**
 * Runs vitest projects, each whatever became of the others, and closes with the sum in one line: `12 passed, 0 failed,
 * 0 skipped`. The end-to-end tests mostly wait for a cluster, so the others run beside them; those print when they end.
 * Usage: node test/run.ts unit integration e2e
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { installPrograms } from './support/programs.ts';
import { type Counts, countsOf } from './support/summary.ts';

const projects = process.argv.slice(2);
const directory = await mkdtemp(join(tmpdir(), 'dpu-test-'));

async function run(project: string, beside: boolean): Promise<Counts> {
  const file = join(directory, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const output = beside ? ({ all: true } as const) : ({ stdio: 'inherit' } as const);
  const ended = await execa('vitest', ['run', '--project', project, ...reporters], { ...output, reject: false });
  if (beside) console.log(ended.all);
  const report = await readFile(file, 'utf8').then(JSON.parse, () => undefined);
  return countsOf(report, ended.exitCode);
}

async function inTurn(names: readonly string[], beside: boolean): Promise<Map<string, Counts>> {
  const counts = new Map<string, Counts>();
  for (const name of names) counts.set(name, await run(name, beside));
  return counts;
}

function print(counts: ReadonlyMap<string, Counts>): void {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of counts.values()) {
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  const failed = [...counts].filter(([, each]) => each.failed > 0).map(([project]) => project);
  if (failed.length > 0) console.log(`Failed: ${failed.join(', ')}`);
  console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  if (failed.length > 0) process.exitCode = 1;
}

try {
  // Before anything runs side by side: there is one lock on the machine's packages. Tests that need them fail without.
  if (projects.includes('integration')) await installPrograms().catch((error) => console.error(error));
  const endToEnd = projects.filter((name) => name === 'e2e');
  const others = projects.filter((name) => name !== 'e2e');
  const results = await Promise.all([inTurn(endToEnd, false), inTurn(others, endToEnd.length > 0)]);
  print(new Map(results.flatMap((each) => [...each])));
} finally {
  await rm(directory, { recursive: true, force: true });
}
