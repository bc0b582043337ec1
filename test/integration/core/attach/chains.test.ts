/** Network functions of chains on the real kernel: what the data path is told of them, and when their devices go. */
import type { ChainPlace, DataPath } from '@dpu-operator/core/daemon/attach';
import { DpuError } from '@dpu-operator/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AttachFixture, RecordingDataPath } from './fixture.ts';

const place: ChainPlace = { chain: 'shop/edge', function: 'nat', functions: ['firewall', 'nat'], generation: 1 };
const chains = { of: async ({ name }: { name: string }) => (name === 'nat' ? place : undefined) };
const args = (pod: string) => `K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${pod}`;

class ChainDataPath extends RecordingDataPath {
  readonly given: { place: ChainPlace | undefined; devicesInPod: number }[] = [];
  readonly closed: { chain: string | undefined; devicesInPod: number }[] = [];
  netns = '';
  /** Keeps a creation from being answered. */
  hangs = false;
  readonly reached = Promise.withResolvers<void>();

  override async createNetworkFunction(...[nf, its]: Parameters<DataPath['createNetworkFunction']>) {
    this.given.push({ place: its, devicesInPod: await this.#devicesInPod() });
    await super.createNetworkFunction(nf);
    if (!this.hangs) return;
    this.reached.resolve();
    await new Promise(() => {});
  }

  override async deleteNetworkFunction(...[nf, chain]: Parameters<DataPath['deleteNetworkFunction']>) {
    this.closed.push({ chain, devicesInPod: await this.#devicesInPod() });
    await super.deleteNetworkFunction(nf);
  }

  /** 0 where the namespace is gone. */
  async #devicesInPod(): Promise<number> {
    const inPod = (name: string) => fixture.linkIn(this.netns, name).catch(() => undefined);
    return (await Promise.all(['net1', 'net2'].map(inPod))).filter(Boolean).length;
  }
}

const dataPath = new ChainDataPath();
const fixture = new AttachFixture('ah', { dataPath });
fixture.side = 'dpu';

beforeAll(async () => {
  await fixture.addDevices(2);
});
afterAll(() => fixture.close());

const network = (index: number) => ({ name: 'dpunfcni-conf', deviceID: fixture.devices[index] });

test('a function is given with its place, and closed before it loses a device', async () => {
  dataPath.netns = await fixture.addNamespace('nat');
  const { netns } = dataPath;
  const daemon = await fixture.start({ chains });
  for (const [index, ifName] of ['net1', 'net2'].entries()) {
    const added = await fixture.cni('ADD', { netns, ifName, args: args('nat'), config: network(index) });
    expect(added).toMatchObject({ exitCode: 0 });
  }
  expect(dataPath.given).toEqual([{ place, devicesInPod: 2 }]);
  const pair = { input: '02:aa:00:00:00:00', output: '02:aa:00:00:00:01' };
  expect(dataPath.functions).toEqual([pair]);
  const inChain = { ...pair, chain: { name: 'shop/edge', function: 'nat' } };
  expect(daemon.store.list().map(({ networkFunction }) => networkFunction)).toEqual([inChain, inChain]);
  await daemon.stop();

  // Another daemon knows it from disk; the API server is not asked again.
  const next = await fixture.start();
  for (const [index, ifName] of ['net1', 'net2'].entries()) {
    expect(await fixture.cni('DEL', { netns, ifName, config: network(index) })).toMatchObject({ exitCode: 0 });
  }
  expect(dataPath.closed).toEqual([{ chain: 'shop/edge', devicesInPod: 2 }]);
  expect(dataPath.functions).toEqual([]);
  await next.stop();
});

test('a daemon killed while the chain is being given closes it again', async () => {
  dataPath.netns = await fixture.addNamespace('killed');
  const { netns } = dataPath;
  const daemon = await fixture.start({ chains });
  await fixture.cni('ADD', { netns, ifName: 'net1', args: args('nat'), config: network(0) });
  dataPath.hangs = true;
  const adding = fixture.cni('ADD', { netns, ifName: 'net2', args: args('nat'), config: network(1) });
  await dataPath.reached.promise;
  await expect.poll(() => fixture.linkIn(netns, 'net2'), { interval: 5 }).toBeDefined();
  daemon.kill();
  dataPath.hangs = false;
  dataPath.closed.length = 0;
  expect((await adding).output).toMatchObject({ code: 11 });
  const next = await fixture.start();
  expect(dataPath.closed).toEqual([{ chain: 'shop/edge', devicesInPod: 2 }]);
  expect(dataPath.functions).toEqual([]);
  expect(next.store.list().map(({ ifName, networkFunction }) => [ifName, networkFunction])).toEqual([
    ['net1', undefined],
  ]);
  // The runtime tries again.
  await next.stop();
  const last = await fixture.start({ chains });
  const again = await fixture.cni('ADD', { netns, ifName: 'net2', args: args('nat'), config: network(1) });
  expect(again).toMatchObject({ exitCode: 0 });
  expect(dataPath.given.at(-1)).toEqual({ place, devicesInPod: 2 });
  await fixture.deleteNamespace(netns);
  await expect.poll(() => last.store.list(), { interval: 5 }).toEqual([]);
  expect(dataPath.functions).toEqual([]);
  // The veths ended with their namespace; a VSP makes them again.
  await fixture.restoreDevice(0);
  await fixture.restoreDevice(1);
  await last.stop();
});

test('while the chains are not known a pod is asked to come again, and nothing is given', async () => {
  const netns = await fixture.addNamespace('early');
  const unknown = new DpuError('UNAVAILABLE', 'the chains are not known yet');
  const daemon = await fixture.start({ chains: { of: () => Promise.reject(unknown) } });
  await fixture.cni('ADD', { netns, ifName: 'net1', args: args('nat'), config: network(0) });
  const refused = await fixture.cni('ADD', { netns, ifName: 'net2', args: args('nat'), config: network(1) });
  expect(refused.output).toMatchObject({ code: 11, msg: expect.stringContaining('not known yet') });
  expect(dataPath.functions).toEqual([]);
  expect(await fixture.link(fixture.devices[1] ?? '')).toMatchObject({ up: false });
  await fixture.cni('DEL', { netns, ifName: 'net1', config: network(0) });
  expect(daemon.store.list()).toEqual([]);
  await daemon.stop();
});
