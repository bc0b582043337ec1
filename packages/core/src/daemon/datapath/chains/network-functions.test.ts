import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { breakDirectory } from '../../state/testing.ts';
import { DpuDataPath } from '../dpu-data-path.ts';
import { MemoryVsp, silent, temporaryDirectory } from '../testing.ts';
import type { AttachedFunctions } from './attached-index.ts';

const nf: NetworkFunction = { input: '02:00:00:00:00:01', output: '02:00:00:00:00:02' };

async function dataPathOf(failure: DpuError | undefined, perBridge = false) {
  const directory = temporaryDirectory();
  const vsp = new MemoryVsp();
  vsp.hasChains = failure === undefined;
  vsp.failure = failure;
  vsp.perBridge = perBridge;
  const dataPath = dataPathIn(directory, { networkFunctions: () => [] });
  await dataPath.vspStarted(vsp);
  return { dataPath, vsp, directory, left: () => readdirSync(join(directory, 'network-function-deletions')) };
}

function dataPathIn(directory: string, attachments: AttachedFunctions, logger = silent): DpuDataPath {
  const dataPath = new DpuDataPath({
    isOnlyInstallation: () => true,
    dpuName: 'dpu',
    directory,
    attachments,
    onChains: () => {},
    onHosts: () => {},
    logger,
  });
  onTestFinished(() => dataPath.close());
  return dataPath;
}

const ofNetwork = { ...nf, bridgeId: '0a1b2c3d', logicalBridge: 'vlan-7' };

test('a function of a network names its logical bridge, which is there as long as it, to a VSP that takes such', async () => {
  const { dataPath, vsp } = await dataPathOf(undefined, true);
  await dataPath.createNetworkFunction(ofNetwork);
  expect([...vsp.bridges]).toEqual([['vlan-7', 7]]);
  expect([...vsp.functions.values()]).toEqual([{ ...nf, bridgeId: 'vlan-7' }]);
  await dataPath.deleteNetworkFunction(ofNetwork);
  expect(vsp.functions.size + vsp.bridges.size).toBe(0);
});

test('a function that the VSP does not know any more takes its logical bridge along', async () => {
  const { dataPath, vsp } = await dataPathOf(undefined, true);
  await dataPath.createNetworkFunction(ofNetwork);
  vsp.functions.clear();
  vsp.gate = async (call) => {
    if (call.startsWith('delete')) throw new DpuError('NOT_FOUND', 'no such function');
  };
  await dataPath.deleteNetworkFunction(ofNetwork);
  expect([...vsp.bridges.keys()]).toEqual([]);
});

test('so does one that goes after a restart of the daemon, which leaves the bridge alone until then', async () => {
  const { dataPath, vsp, directory } = await dataPathOf(undefined, true);
  await dataPath.createNetworkFunction(ofNetwork);
  dataPath.close();
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line) => void lines.push(line) });
  const next = dataPathIn(directory, { networkFunctions: () => [ofNetwork] }, logger);
  await next.vspStarted(vsp);
  expect([...vsp.bridges.keys()]).toEqual(['vlan-7']);
  await next.deleteNetworkFunction(ofNetwork);
  expect([...vsp.bridges.keys()]).toEqual([]);
  expect(lines).toEqual([]);
});

test('and one whose deletion a restart of the daemon has interrupted', async () => {
  const { dataPath, vsp, directory, left } = await dataPathOf(undefined, true);
  await dataPath.createNetworkFunction(ofNetwork);
  dataPath.vspLost();
  await dataPath.deleteNetworkFunction(ofNetwork);
  dataPath.close();
  await dataPathIn(directory, { networkFunctions: () => [] }).vspStarted(vsp);
  expect([vsp.functions.size, [...vsp.bridges.keys()], left()]).toEqual([0, [], []]);
});

test('a VSP that does not take such is told the digits of the network', async () => {
  const { dataPath, vsp } = await dataPathOf(undefined);
  await dataPath.createNetworkFunction(ofNetwork);
  expect(vsp.bridges.size).toBe(0);
  expect([...vsp.functions.values()]).toEqual([{ ...nf, bridgeId: '0a1b2c3d' }]);
});

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

test('a function that may still be in its chain, as the answer to an update was lost, takes the chain along', async () => {
  const { dataPath, vsp } = await dataPathOf(undefined);
  const other: NetworkFunction = { input: '02:00:00:00:00:03', output: '02:00:00:00:00:04' };
  const place = (name: string) => ({
    chain: 'shop/edge',
    function: name,
    functions: ['firewall', 'nat'],
    generation: 1,
  });
  await dataPath.createNetworkFunction(nf, place('firewall'));
  await dataPath.createNetworkFunction(other, place('nat'));
  expect([...vsp.chains.values()]).toEqual([[nf, other]]);
  vsp.gate = async (call) => {
    if (call.startsWith('update')) throw new DpuError('DEADLINE_EXCEEDED', 'no answer');
  };
  await dataPath.setOrder({ chain: 'shop/edge', functions: ['firewall'], generation: 2 });
  expect(dataPath.chains()).toMatchObject([{ phase: 'Refused', generation: 2 }]);
  vsp.gate = async () => {};
  const { length } = vsp.calls;
  await dataPath.deleteNetworkFunction(other, 'shop/edge');
  expect(vsp.calls[length]).toMatch(/^delete shop-edge/);
  await vi.waitFor(() => expect([...vsp.chains.values()]).toEqual([[nf]]));
  expect(dataPath.chains()).toMatchObject([{ phase: 'Ordered', generation: 2 }]);
});

test.each([undefined, 'shop/edge'])('a full disk keeps no function from going, of chain %s', async (chain) => {
  const { dataPath, vsp, directory } = await dataPathOf(undefined);
  const place =
    chain === undefined ? undefined : { chain, function: 'firewall', functions: ['firewall'], generation: 1 };
  await dataPath.createNetworkFunction(nf, place);
  expect(vsp.chains.size + vsp.functions.size).toBe(1);
  for (const records of ['chains', 'network-function-deletions']) breakDirectory(join(directory, records));
  await dataPath.deleteNetworkFunction(nf, chain);
  expect(vsp.chains.size + vsp.functions.size).toBe(0);
});

test('a function that goes while disk and VSP take nothing is an error until one of them does', async () => {
  const { dataPath, vsp, directory, left } = await dataPathOf(undefined);
  await dataPath.createNetworkFunction(nf);
  const repair = breakDirectory(join(directory, 'network-function-deletions'));
  dataPath.vspLost();
  await expect(dataPath.deleteNetworkFunction(nf)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  repair();
  await dataPath.deleteNetworkFunction(nf);
  expect(left()).toHaveLength(1);
  await dataPath.vspStarted(vsp);
  expect([vsp.functions.size, left()]).toEqual([0, []]);
});
