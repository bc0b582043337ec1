import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../testing.ts';
import { requirePrograms } from './programs.ts';

test('programs are looked for on the PATH, and all that are missing are named', async () => {
  const [first, second] = [await temporaryDirectory(), await temporaryDirectory()];
  await writeFile(join(second, 'ethtool'), '');
  await chmod(join(second, 'ethtool'), 0o755);
  // Not to be run.
  await writeFile(join(first, 'devlink'), '', { mode: 0o644 });
  const path = `${first}:${second}`;
  await requirePrograms([], path);
  await requirePrograms(['ethtool'], path);
  await expect(requirePrograms(['ethtool', 'devlink', 'dpdk-testpmd'], path)).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: expect.stringMatching(/^dpu\.programs: devlink, dpdk-testpmd not found in .*; run the plugin in an image/),
  });
});
