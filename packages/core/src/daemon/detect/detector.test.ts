import { rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LinkChange, PciChange } from '@dpu-operator/sdk/linux';
import { type FakeSysfs, fakeSysfs } from '@dpu-operator/sdk/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { VendorPlugin } from '../../api/index.ts';
import { PluginCatalog } from '../../plugins/catalog.ts';
import type { NodeOrder } from '../node/node-order.ts';
import { confirmationMs } from './confirm-removals.ts';
import { Detector } from './detector.ts';
import type { DpuFinding } from './find-dpus.ts';
import type { KnownDpu } from './known-dpu.ts';

const cleanups: (() => unknown)[] = [];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  vi.useRealTimers();
});

function vendor(name: string, ...products: object[]): VendorPlugin {
  return {
    apiVersion: 'config.openshift.io/v1',
    kind: 'VendorPlugin',
    metadata: { name },
    spec: { image: 'vsp:1', version: 'latest' },
    status: { releases: [{ requested: 'latest', image: 'vsp:1', manifest: { contract: '^1.0.0', products } }] },
  };
}

const bridge = { address: '0000:00:01.0', vendor: '8086', device: '1901', class: '060400' };
const card = {
  address: '0000:01:00.0',
  vendor: '8086',
  device: '1452',
  behind: bridge.address,
  netdevs: [{ name: 'ens5f0d2' }],
};
const ipu = vendor('ipu', {
  name: 'IPU',
  host: { detect: { pci: { vendor: '8086', device: '1452' }, netdevName: 'd2$' }, identifier: 'ipu-{pciAddress}' },
  dpu: { detect: { dmiProductContains: 'IPU Adapter' }, identifier: 'ipu' },
});
const labelled = vendor('soft', {
  name: 'Soft',
  host: { detect: { nodeLabel: { key: 'soft', values: ['host'] } }, identifier: 'soft-{node}' },
});
const name = 'ipu-0000-01-00.0-host';

/** A node whose daemon remembers what it has found until it is gone for certain, or ordered to go. */
class NodeFixture {
  order: NodeOrder = { is: 'serve', mode: 'auto' };
  nodeLabels: Record<string, string> | undefined = {};
  nodeUid: string | undefined = 'node 1';
  catalog: PluginCatalog;
  findings: readonly DpuFinding[] = [];
  readonly told: string[][] = [];
  readonly records = new Map<string, KnownDpu>();
  detector: Detector;
  /** undefined while the API server does not answer. */
  gone: ReadonlySet<string> | undefined = new Set();
  linkChanged: (change: LinkChange) => void = () => {};
  pciChanged: (change: PciChange) => void = () => {};
  readonly #sysfs: FakeSysfs;

  constructor(sysfs: FakeSysfs, plugins: VendorPlugin[]) {
    this.#sysfs = sysfs;
    this.catalog = new PluginCatalog(plugins, []);
    this.detector = this.restart();
  }

  restart(): Detector {
    vi.clearAllTimers();
    this.detector = new Detector({
      orders: this,
      sysfs: this.#sysfs,
      nodeName: 'n',
      dpus: { known: () => [...this.records.values()] },
      onFindings: (findings) => this.#take(findings),
      links: {
        listen: ({ changed }) => {
          this.linkChanged = changed;
        },
      },
      watchPci: (changed) => {
        this.pciChanged = changed;
      },
      logger: pino({ level: 'silent' }),
    });
    return this.detector;
  }

  async gonePlugins(): Promise<ReadonlySet<string> | undefined> {
    return this.gone;
  }

  #take(findings: readonly DpuFinding[]): void {
    this.findings = findings;
    this.told.push(this.outcome());
    for (const { dpu, presence, removal } of findings) {
      if (presence.is === 'gone' || removal) this.records.delete(dpu.name);
      else if (presence.is === 'there') this.records.set(dpu.name, presence.value);
    }
  }

  async look(): Promise<string[]> {
    await this.detector.look();
    return this.outcome();
  }

  outcome(): string[] {
    return this.findings.map(({ dpu, presence, removal }) => `${dpu.name} ${removal ? 'ordered to go' : presence.is}`);
  }

  reason(): string {
    const presence = this.findings[0]?.presence;
    return presence?.is === 'unknown' ? presence.reason : '';
  }
}

async function node(plugins: VendorPlugin[], machine: Parameters<typeof fakeSysfs>[0]) {
  const sysfs = await fakeSysfs(machine);
  cleanups.push(() => sysfs[Symbol.asyncDispose]());
  return { sysfs, fixture: new NodeFixture(sysfs, plugins) };
}

const netdev = (sysfs: FakeSysfs, netdevName: string) =>
  join(sysfs.root, 'devices/pci0000:00', bridge.address, card.address, 'net', netdevName);

test('tells of each change once, and plans no look while nothing is missing', async () => {
  const { fixture } = await node([ipu], { pci: [bridge, card] });
  expect(await fixture.look()).toEqual([`${name} there`]);
  await fixture.look();
  expect([fixture.told.length, vi.getTimerCount()]).toEqual([1, 0]);
  await fixture.detector.lookAnew();
  expect(fixture.told.length).toBe(2);
});

test('a netdev that is away, in another namespace or while its driver loads, is no DPU that is gone', async () => {
  const { sysfs, fixture } = await node([ipu], { pci: [bridge, card] });
  await fixture.look();
  rmSync(netdev(sysfs, 'ens5f0d2'), { recursive: true });
  expect(await fixture.look()).toEqual([`${name} unknown`]);
  expect(fixture.reason()).toContain('another namespace');
  await vi.advanceTimersByTimeAsync(confirmationMs * 10);
  expect(await fixture.look()).toEqual([`${name} unknown`]);
  await mkdir(netdev(sysfs, 'ens5f0d2'), { recursive: true });
  expect(await fixture.look()).toEqual([`${name} there`]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a netdev that was renamed is no DPU that is gone', async () => {
  const { sysfs, fixture } = await node([ipu], { pci: [bridge, card] });
  await fixture.look();
  rmSync(netdev(sysfs, 'ens5f0d2'), { recursive: true });
  await mkdir(netdev(sysfs, 'uplink'), { recursive: true });
  expect(await fixture.look()).toEqual([`${name} unknown`]);
  expect(fixture.reason()).toContain('matches d2$');
});

test('a PCI function that is away and back within 30 s is the DPU that it was', async () => {
  const { sysfs, fixture } = await node([ipu], { pci: [bridge, card] });
  await fixture.look();
  await sysfs.remove(card.address);
  expect(await fixture.look()).toEqual([`${name} unknown`]);
  vi.advanceTimersByTime(30_000);
  expect(await fixture.look()).toEqual([`${name} unknown`]);
  await sysfs.add(card);
  expect(await fixture.look()).toEqual([`${name} there`]);
  // And the time until then does not count later.
  await sysfs.remove(card.address);
  vi.advanceTimersByTime(40_000);
  expect(await fixture.look()).toEqual([`${name} unknown`]);
});

test('a card that was pulled out and stays away is gone, by looks that the detector plans itself', async () => {
  const { sysfs, fixture } = await node([ipu], { pci: [bridge, card] });
  await fixture.look();
  await sysfs.remove(card.address);
  const began = performance.now();
  await fixture.look();
  const isGone = () => fixture.told.some((outcome) => outcome[0] === `${name} gone`);
  for (let timers = 0; timers < 20 && !isGone(); timers++) {
    vi.advanceTimersToNextTimer();
    // Joins the look that the timer has begun.
    await fixture.look();
  }
  expect([isGone(), performance.now() - began]).toEqual([true, confirmationMs]);
  expect(await fixture.look()).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a daemon that starts while a card is away waits as long again', async () => {
  const { sysfs, fixture } = await node([ipu], { pci: [bridge, card] });
  await fixture.look();
  await sysfs.remove(card.address);
  await fixture.look();
  vi.advanceTimersByTime(confirmationMs - 1);
  fixture.restart();
  expect(await fixture.look()).toEqual([`${name} unknown`]);
  vi.advanceTimersByTime(confirmationMs - 1);
  expect(await fixture.look()).toEqual([`${name} unknown`]);
  vi.advanceTimersByTime(1);
  await fixture.look();
  expect(fixture.told.at(-2)).toEqual([`${name} gone`]);
});

test('a card that is away because the bridge above it does not answer is not gone', async () => {
  const { sysfs, fixture } = await node([ipu], { pci: [bridge, card] });
  await fixture.look();
  await sysfs.remove(card.address);
  writeFileSync(join(sysfs.root, 'bus/pci/devices', bridge.address, 'config'), Buffer.alloc(64, 0xff));
  await fixture.look();
  vi.advanceTimersByTime(confirmationMs * 2);
  expect(await fixture.look()).toEqual([`${name} unknown`]);
});

test('a machine whose PCI bus cannot be read has not lost its cards', async () => {
  const { sysfs, fixture } = await node([ipu], { pci: [bridge, card] });
  await fixture.look();
  rmSync(join(sysfs.root, 'bus'), { recursive: true });
  await fixture.look();
  vi.advanceTimersByTime(confirmationMs * 2);
  expect(await fixture.look()).toEqual([`${name} unknown`]);
});

test('a DMI table that is empty for a moment takes no DPU away, and makes no host side of its functions', async () => {
  const { sysfs, fixture } = await node([ipu], { pci: [bridge, card], dmiProduct: 'IPU Adapter E2100' });
  expect(await fixture.look()).toEqual(['ipu-dpu there']);
  const dmi = join(sysfs.root, 'class/dmi/id/product_name');
  writeFileSync(dmi, '');
  expect(await fixture.look()).toEqual(['ipu-dpu unknown']);
  vi.advanceTimersByTime(confirmationMs * 2);
  expect(await fixture.look()).toEqual(['ipu-dpu unknown']);
  writeFileSync(dmi, 'IPU Adapter E2100\n');
  expect(await fixture.look()).toEqual(['ipu-dpu there']);
});

test('a function whose files cannot be read is there', async () => {
  const { sysfs, fixture } = await node([ipu], { pci: [bridge, card] });
  await fixture.look();
  for (const file of ['vendor', 'device', 'class']) {
    const path = join(sysfs.root, 'bus/pci/devices', card.address, file);
    unlinkSync(path);
    symlinkSync('nowhere', path);
  }
  await fixture.look();
  vi.advanceTimersByTime(confirmationMs * 2);
  expect(await fixture.look()).toEqual([`${name} unknown`]);
});

test('a label that somebody takes off the node is an order; a node without an object is none', async () => {
  const { fixture } = await node([labelled], {});
  fixture.nodeLabels = { soft: 'host' };
  expect(await fixture.look()).toEqual(['soft-n-host there']);
  fixture.nodeLabels = undefined;
  fixture.order = { is: 'wait', reason: 'no Node' };
  expect(await fixture.look()).toEqual(['soft-n-host there']);
  fixture.nodeLabels = {};
  fixture.order = { is: 'serve', mode: 'auto' };
  expect(await fixture.look()).toEqual(['soft-n-host ordered to go']);
});

test('a node that is to be left has all of its DPUs ordered to go, without a look at the hardware', async () => {
  const { sysfs, fixture } = await node([ipu], { pci: [bridge, card] });
  await fixture.look();
  const snapshot = vi.spyOn(sysfs, 'snapshot');
  fixture.order = { is: 'leave', by: 'nodeLabel', reason: 'node n has no label dpu=true any more' };
  expect(await fixture.look()).toEqual([`${name} ordered to go`]);
  expect(snapshot).not.toHaveBeenCalled();
});

test('while it is not known what is wanted, DPUs that are known are served and no new one is', async () => {
  const { sysfs, fixture } = await node([ipu], { pci: [bridge, card] });
  await fixture.look();
  fixture.order = { is: 'wait', reason: 'the configuration is not known' };
  await sysfs.add({ ...card, address: '0000:01:00.1', netdevs: [{ name: 'ens6f0d2' }] });
  expect(await fixture.look()).toEqual([`${name} there`]);
});

test('a plugin that is missing here is gone once the API server says so, and asked for until then', async () => {
  const { fixture } = await node([ipu], { pci: [bridge, card] });
  await fixture.look();
  fixture.catalog = new PluginCatalog([], []);
  fixture.gone = undefined;
  expect(await fixture.look()).toEqual([`${name} there`]);
  expect([fixture.findings[0]?.pluginGone, vi.getTimerCount()]).toEqual([undefined, 1]);
  fixture.gone = new Set(['ipu']);
  await fixture.look();
  expect([fixture.findings[0]?.pluginGone, vi.getTimerCount()]).toEqual([true, 0]);
});

test('links of pods set off no look; those of hardware do', async () => {
  const sriov = { totalVfs: 2, device: '1453', numVfs: 2 };
  const { sysfs, fixture } = await node([ipu], { pci: [bridge, { ...card, sriov }] });
  fixture.detector.watchHardware(new AbortController().signal);
  await fixture.look();
  const [vf] = await sysfs.virtualFunctions(card.address);
  for (const deleted of [false, true]) {
    fixture.linkChanged({ name: 'veth1', index: 7, deleted, kind: 'veth' });
    fixture.linkChanged({ name: 'ens5f0v0', index: 8, deleted, pciAddress: vf ?? '' });
  }
  expect(vi.getTimerCount()).toBe(0);
  fixture.linkChanged({ name: 'ens5f0d2', index: 9, deleted: true, pciAddress: card.address });
  const snapshot = vi.spyOn(sysfs, 'snapshot');
  vi.advanceTimersByTime(500);
  await fixture.look();
  expect(snapshot).toHaveBeenCalledTimes(2);
});

test('a card that comes or goes is looked for, whether it has a netdev or not; a virtual function is not', async () => {
  const sriov = { totalVfs: 2, device: '1453', numVfs: 2 };
  const { sysfs, fixture } = await node([ipu], { pci: [bridge, { ...card, sriov }] });
  fixture.detector.watchHardware(new AbortController().signal);
  await fixture.look();
  const [vf = ''] = await sysfs.virtualFunctions(card.address);
  fixture.pciChanged({ address: vf, removed: true });
  expect(vi.getTimerCount()).toBe(0);
  await sysfs.remove(card.address);
  fixture.pciChanged({ address: card.address, removed: true });
  const snapshot = vi.spyOn(sysfs, 'snapshot');
  vi.advanceTimersByTime(500);
  await fixture.look();
  expect(snapshot).toHaveBeenCalledTimes(2);
});
