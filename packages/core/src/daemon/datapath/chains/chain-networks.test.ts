/** Chains for one logical bridge, between the attachments and a VSP. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ChainPlace } from '../../attach/collaborators.ts';
import { DpuDataPath } from '../dpu-data-path.ts';
import { MemoryVsp, silent, temporaryDirectory } from '../testing.ts';
import type { ChainMember } from './attached-index.ts';
import { chainId } from './chain-status.ts';

const chain = 'shop/edge';
const id = chainId(chain);
const nf: NetworkFunction = { input: '02:00:00:00:00:01', output: '02:00:00:00:00:02' };
const order = { chain, functions: ['firewall'], generation: 1 };
const onSeven = { ...order, logicalBridge: 'vlan-7' };
const onNine = { ...order, generation: 2, logicalBridge: 'vlan-9' };
const forAll = { ...order, generation: 2 };
const inChain = { ...onSeven, function: 'firewall' };

class Side {
  readonly directory = temporaryDirectory();
  readonly attached: ChainMember[] = [];
  dataPath = this.#start();

  #start(): DpuDataPath {
    const dataPath = new DpuDataPath({
      isOnlyInstallation: () => true,
      dpuName: 'dpu',
      directory: this.directory,
      attachments: { networkFunctions: () => [], chainMembers: () => this.attached },
      onChains: () => {},
      onHosts: () => {},
      logger: silent,
    });
    onTestFinished(() => dataPath.close());
    return dataPath;
  }

  async attach(place: ChainPlace = inChain): Promise<void> {
    this.attached.push({ chain, function: 'firewall', networkFunction: nf });
    await this.dataPath.createNetworkFunction(nf, place);
  }

  async detach(): Promise<void> {
    this.attached.length = 0;
    await this.dataPath.deleteNetworkFunction(nf, chain);
  }

  restart(): void {
    this.dataPath.close();
    this.dataPath = this.#start();
  }

  /** The file of its record. */
  record(): string {
    const directory = join(this.directory, 'chains');
    return join(directory, readdirSync(directory).find((name) => name.endsWith('.json')) ?? '');
  }
}

function vspOf({ hasChains = true, perBridge = true } = {}): MemoryVsp {
  const vsp = new MemoryVsp();
  Object.assign(vsp, { hasChains, perBridge });
  return vsp;
}

test('a chain of a network names its logical bridge, which is there as long as it', async () => {
  const [side, vsp] = [new Side(), vspOf()];
  await side.dataPath.vspStarted(vsp);
  await side.attach();
  expect([...vsp.bridges]).toEqual([['vlan-7', 7]]);
  expect(vsp.chains.get(id)).toEqual([{ ...nf, bridgeId: 'vlan-7' }]);
  expect(side.dataPath.chains()).toEqual([{ name: chain, generation: 1, phase: 'Ordered' }]);
  await side.detach();
  expect(vsp.chains.size + vsp.bridges.size).toBe(0);
});

test('a chain goes to another bridge, and to all, in place', async () => {
  const [side, vsp] = [new Side(), vspOf()];
  await side.dataPath.vspStarted(vsp);
  await side.attach();
  await side.dataPath.setOrder(onNine);
  expect([vsp.chains.get(id), [...vsp.bridges.keys()]]).toEqual([[{ ...nf, bridgeId: 'vlan-9' }], ['vlan-9']]);
  await side.dataPath.setOrder({ ...forAll, generation: 3 });
  expect([vsp.chains.get(id), [...vsp.bridges.keys()]]).toEqual([[nf], []]);
  expect(vsp.calls.filter((call) => call.startsWith('delete'))).toEqual([]);
  expect(side.dataPath.chains()).toEqual([{ name: chain, generation: 3, phase: 'Ordered' }]);
});

test('another daemon and another VSP have it on the same bridge, which stays', async () => {
  const [side, vsp] = [new Side(), vspOf()];
  await side.dataPath.vspStarted(vsp);
  await side.attach();
  side.restart();
  await side.dataPath.vspStarted(vsp);
  expect([vsp.chains.get(id), [...vsp.bridges.keys()]]).toEqual([[{ ...nf, bridgeId: 'vlan-7' }], ['vlan-7']]);
  const next = vspOf();
  side.dataPath.vspLost();
  await side.dataPath.vspStarted(next);
  expect([next.chains.get(id), [...next.bridges.keys()]]).toEqual([[{ ...nf, bridgeId: 'vlan-7' }], ['vlan-7']]);
  await side.detach();
  expect(next.chains.size + next.bridges.size).toBe(0);
});

test('a VSP that starts anew is told what one accepted last, and then what it may refuse', async () => {
  const [side, vsp, next] = [new Side(), vspOf(), vspOf()];
  await side.dataPath.vspStarted(vsp);
  await side.attach();
  const refuseUpdates = async (call: string) => {
    if (call.startsWith('update')) throw new DpuError('RESOURCE_EXHAUSTED', 'no room');
  };
  for (const each of [vsp, next]) each.gate = refuseUpdates;
  await side.dataPath.setOrder(onNine);
  side.dataPath.vspLost();
  await side.dataPath.vspStarted(next);
  expect(next.chains.get(id)).toEqual([{ ...nf, bridgeId: 'vlan-7' }]);
  expect(side.dataPath.chains()).toMatchObject([{ phase: 'Refused', message: 'no room' }]);
  next.gate = async () => {};
  await side.dataPath.setOrder({ ...onNine, generation: 3 });
  expect(next.chains.get(id)).toEqual([{ ...nf, bridgeId: 'vlan-9' }]);
});

test('a chain for one bridge that a plugin cannot have leaves it the one that it had, also when it starts anew', async () => {
  const [side, vsp, next] = [new Side(), vspOf({ perBridge: false }), vspOf({ perBridge: false })];
  await side.dataPath.vspStarted(vsp);
  await side.attach({ ...forAll, function: 'firewall' });
  await side.dataPath.setOrder({ ...onNine, generation: 2 });
  side.dataPath.vspLost();
  await side.dataPath.vspStarted(next);
  expect(next.chains.get(id)).toEqual([nf]);
  expect(side.dataPath.chains()).toMatchObject([{ phase: 'Refused' }]);
});

test('a bridge that the VSP refuses a chain on does not stay', async () => {
  const [side, vsp] = [new Side(), vspOf()];
  await side.dataPath.vspStarted(vsp);
  vsp.gate = async (call) => {
    if (call.startsWith('create')) throw new DpuError('RESOURCE_EXHAUSTED', 'no room');
  };
  await side.attach();
  expect(side.dataPath.chains()).toMatchObject([{ phase: 'Refused', message: 'no room' }]);
  expect(vsp.bridges.size).toBe(0);
});

test.each([{ hasChains: true }, { hasChains: false }])(
  'a VSP whose functions cannot be for one bridge is not asked: %o',
  async ({ hasChains }) => {
    const [side, vsp] = [new Side(), vspOf({ hasChains, perBridge: false })];
    await side.dataPath.vspStarted(vsp);
    await side.attach();
    const message = expect.stringContaining('dpu.networkFunctions is without perBridge=true');
    const refused = { name: chain, generation: 1, phase: 'Refused', message };
    expect([side.dataPath.chains(), vsp.calls]).toEqual([[refused], []]);
    side.dataPath.vspLost();
    await side.dataPath.vspStarted(vsp);
    expect([side.dataPath.chains(), vsp.calls]).toEqual([[refused], []]);
    const able = vspOf({ hasChains });
    side.dataPath.vspLost();
    await side.dataPath.vspStarted(able);
    const held = hasChains ? able.chains.get(id) : [...able.functions.values()];
    expect(held).toEqual([{ ...nf, bridgeId: 'vlan-7' }]);
    expect(side.dataPath.chains()).toMatchObject([{ phase: hasChains ? 'Ordered' : 'Lowered' }]);
    await side.detach();
    expect(able.chains.size + able.functions.size + able.bridges.size).toBe(0);
  },
);

test('what such a VSP has of a chain stays when the chain gets a network, and goes with its function', async () => {
  const [side, vsp] = [new Side(), vspOf({ perBridge: false })];
  await side.dataPath.vspStarted(vsp);
  side.attached.push({ chain, function: 'firewall', networkFunction: nf });
  await side.dataPath.createNetworkFunction(nf, { ...order, function: 'firewall' });
  await side.dataPath.setOrder(onNine);
  expect(vsp.chains.get(id)).toEqual([nf]);
  expect(side.dataPath.chains()).toMatchObject([{ phase: 'Refused', generation: 2 }]);
  await side.detach();
  expect(vsp.chains.size).toBe(0);
});

test('functions one by one change their bridge, too', async () => {
  const [side, vsp] = [new Side(), vspOf({ hasChains: false })];
  await side.dataPath.vspStarted(vsp);
  await side.attach();
  expect([...vsp.functions.values()]).toEqual([{ ...nf, bridgeId: 'vlan-7' }]);
  await side.dataPath.setOrder(onNine);
  await vi.waitFor(() => expect([...vsp.functions.values()]).toEqual([{ ...nf, bridgeId: 'vlan-9' }]));
  await vi.waitFor(() => expect([...vsp.bridges.keys()]).toEqual(['vlan-9']));
});

test('the record of an earlier daemon is that of a chain for all, until its network is told', async () => {
  const [side, vsp] = [new Side(), vspOf()];
  await side.dataPath.vspStarted(vsp);
  await side.attach();
  const file = side.record();
  const { record, ...envelope } = JSON.parse(readFileSync(file, 'utf8'));
  side.dataPath.close();
  const earlier = { version: 1, chain, order: ['firewall'], generation: 1, applied: [nf] };
  expect(Object.keys(record)).toEqual(expect.arrayContaining(Object.keys(earlier)));
  mkdirSync(join(side.directory, 'chains'), { recursive: true });
  writeFileSync(file, JSON.stringify({ ...envelope, record: earlier }));
  side.restart();
  const next = vspOf();
  await side.dataPath.vspStarted(next);
  expect([side.dataPath.unreadable(), next.chains.get(id)]).toEqual([[], [nf]]);
  await side.dataPath.setOrder(onSeven);
  expect(next.chains.get(id)).toEqual([{ ...nf, bridgeId: 'vlan-7' }]);
});
