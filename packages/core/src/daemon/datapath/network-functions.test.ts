import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import { expect, onTestFinished, test } from 'vitest';
import { DpuDataPath } from './dpu-data-path.ts';
import { MemoryVsp, silent, temporaryDirectory } from './testing.ts';

const nf: NetworkFunction = { input: '02:00:00:00:00:01', output: '02:00:00:00:00:02' };

async function dataPathOf(failure: DpuError) {
  const directory = temporaryDirectory();
  const vsp = new MemoryVsp();
  vsp.failure = failure;
  const attachments = { networkFunctions: () => [] };
  const dataPath = new DpuDataPath({
    dpuName: 'dpu',
    directory,
    attachments,
    onChains: () => {},
    onHosts: () => {},
    logger: silent,
  });
  onTestFinished(() => dataPath.close());
  await dataPath.vspStarted(vsp);
  return { dataPath, left: () => readdirSync(join(directory, 'network-function-deletions')) };
}

test.each(['UNIMPLEMENTED', 'NOT_FOUND'] as const)('a VSP that answers a deletion with %s has none', async (code) => {
  const { dataPath, left } = await dataPathOf(new DpuError(code, 'no network functions'));
  await expect(dataPath.createNetworkFunction(nf)).rejects.toMatchObject({ code });
  await dataPath.deleteNetworkFunction(nf);
  expect(left()).toEqual([]);
});

test('a deletion that the VSP refuses is no success', async () => {
  const { dataPath } = await dataPathOf(new DpuError('INTERNAL', 'a bug'));
  await expect(dataPath.deleteNetworkFunction(nf)).rejects.toMatchObject({ code: 'INTERNAL' });
});
