/** The SDK's public API is the one that its reports and its reference tell. */
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';

test('a change of the public API was meant: report and reference are up to date', async () => {
  const script = join(import.meta.dirname, '../../../packages/sdk/src/codegen/api.ts');
  const { exitCode, stderr } = await execa(process.execPath, [script, '--check'], { reject: false });
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
});
