import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { NetworkFunctionKeeper } from './network-function-keeper.ts';

const nf: NetworkFunction = { input: '02:00:00:00:00:01', output: '02:00:00:00:00:02' };

function keeperOf(failure: DpuError) {
  const directory = join(mkdtempSync(join(tmpdir(), 'functions-')), 'deletions');
  const refuse = async () => {
    throw failure;
  };
  const vsp = { createNetworkFunction: refuse, deleteNetworkFunction: refuse };
  const keeper = new NetworkFunctionKeeper({ directory, vsp: () => vsp, logger: pino({ level: 'silent' }) });
  return { keeper, left: () => readdirSync(directory) };
}

test.each(['UNIMPLEMENTED', 'NOT_FOUND'] as const)('a VSP that answers a deletion with %s has none', async (code) => {
  const { keeper, left } = keeperOf(new DpuError(code, 'no network functions'));
  await expect(keeper.create(nf)).rejects.toMatchObject({ code });
  await keeper.delete(nf);
  expect(left()).toEqual([]);
});

test('a deletion that the VSP refuses is no success', async () => {
  const { keeper } = keeperOf(new DpuError('INTERNAL', 'a bug'));
  await expect(keeper.delete(nf)).rejects.toMatchObject({ code: 'INTERNAL' });
});
