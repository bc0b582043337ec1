/**
 * Runs vitest projects one after the other and closes with the sum in one line: `12 passed, 0 failed, 0 skipped`.
 * Usage: node test/run.ts unit integration e2e
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';

const projects = process.argv.slice(2);
const report = z.object({ numPassedTests: z.number(), numFailedTests: z.number(), numPendingTests: z.number() });
const sum = { passed: 0, failed: 0, skipped: 0 };
let broken = false;

const directory = await mkdtemp(join(tmpdir(), 'dpu-test-'));
try {
  for (const project of projects) {
    const file = join(directory, `${project}.json`);
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const run = await execa('vitest', ['run', '--project', project, ...reporters], { stdio: 'inherit', reject: false });
    const counts = report.safeParse(JSON.parse(await readFile(file, 'utf8').catch(() => 'null')));
    if (counts.success) {
      sum.passed += counts.data.numPassedTests;
      sum.failed += counts.data.numFailedTests;
      sum.skipped += counts.data.numPendingTests;
    }
    // A suite whose set-up fails has no failed test, only a failed run.
    if (run.exitCode !== 0 || !counts.success) {
      broken = true;
      break;
    }
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = broken ? 1 : 0;
