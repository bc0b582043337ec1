/**
 * Runs vitest projects and closes with the sum in one line: `12 passed, 0 failed, 0 skipped`. The end-to-end tests
 * mostly wait for a cluster, so the others run beside them; those print when they end.
 * Usage: node test/run.ts unit integration e2e
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import { installPrograms } from './support/programs.ts';

const projects = process.argv.slice(2);
const report = z.object({ numPassedTests: z.number(), numFailedTests: z.number(), numPendingTests: z.number() });
const sum = { passed: 0, failed: 0, skipped: 0 };
const directory = await mkdtemp(join(tmpdir(), 'dpu-test-'));

/** Whether all went well. A suite whose set-up fails has no failed test, only a failed run. */
async function run(project: string, beside: boolean): Promise<boolean> {
  const file = join(directory, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const output = beside ? ({ all: true } as const) : ({ stdio: 'inherit' } as const);
  const ended = await execa('vitest', ['run', '--project', project, ...reporters], { ...output, reject: false });
  if (beside) console.log(ended.all);
  const counts = report.safeParse(JSON.parse(await readFile(file, 'utf8').catch(() => 'null')));
  if (!counts.success) return false;
  sum.passed += counts.data.numPassedTests;
  sum.failed += counts.data.numFailedTests;
  sum.skipped += counts.data.numPendingTests;
  return ended.exitCode === 0;
}

async function inTurn(names: string[], beside: boolean): Promise<boolean> {
  for (const name of names) if (!(await run(name, beside))) return false;
  return true;
}

try {
  // Before anything runs side by side: there is one lock on the machine's packages.
  if (projects.includes('integration')) await installPrograms();
  const others = projects.filter((name) => name !== 'e2e');
  const isBoth = others.length > 0 && others.length < projects.length;
  const results = await Promise.all([
    inTurn(
      projects.filter((name) => name === 'e2e'),
      false,
    ),
    inTurn(others, isBoth),
  ]);
  if (results.includes(false)) process.exitCode = 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
