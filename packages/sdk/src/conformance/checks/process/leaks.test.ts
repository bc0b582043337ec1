import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../host/testing.ts';
import { conformanceSuite } from '../../suite.ts';
import { failedIds, known, memoryPackage } from '../../testing/examine.ts';

/** Changes one object after the other. */
const slowAndKeeping = `
import { setTimeout } from 'node:timers/promises';
import { memoryVsp } from ${JSON.stringify(join(import.meta.dirname, '../../testing/memory-vsp.ts'))};

const kept = [];
export default { create: () => {
  const plugin = memoryVsp();
  const { apply } = plugin.dataPath;
  plugin.dataPath.apply = async (wanted, call) => {
    for (const { kind, before } of call.changed) {
      if (kind === 'bridgePort' && !before) kept.push(Buffer.alloc(1_024, 1));
      await setTimeout(150);
    }
    return apply(wanted, call);
  };
  return plugin;
} };`;

test('a kilobyte that is kept of each port shows in the few ports of a slow card', { timeout: 600_000 }, async () => {
  const plugin = await memoryPackage(await temporaryDirectory());
  await writeFile(join(plugin, 'index.mjs'), slowAndKeeping);
  const report = await conformanceSuite({ plugin, ...known, only: ['leaks.writes'] }).run();
  expect(failedIds(report)).toEqual(['leaks.writes']);
  const failures = report.results.flatMap(({ failure }) => failure?.message ?? []);
  expect(failures).toEqual([expect.stringContaining('rounds of 10 ports kept')]);
});
