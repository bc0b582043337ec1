/** An engine for one device of one DPU, with a kernel of its own and records on the real disk. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '@dpu-operator/sdk/linux';
import { pino } from 'pino';
import { expect } from 'vitest';
import type { LinkListener, LinkWatch } from '../../link-watch.ts';
import type { DeviceEntry, DpuIndex } from '../collaborators.ts';
import { DeviceHomes } from '../device/device-homes.ts';
import { Devices } from '../device/devices.ts';
import { AttachEngine, type AttachEngineOptions } from '../engine.ts';
import { parseNetworkConfig } from '../network-config.ts';
import { AttachmentStore } from '../record/store.ts';
import type { AttachRequest } from '../requests.ts';
import { dataPathOf, hostSide, indexOf } from './dpu.ts';
import { type ModelledDevice, ModelledKernel } from './modelled-kernel.ts';

const logger = pino({ level: 'silent' });
/** A namespace other than this process's own, which is there for as long as the test. */
export const netns = '/proc/self/ns/mnt';
/** The device on the host. */
export const home = { name: 'vf3', mac: '02:00:00:00:00:03', mtu: 1500, netns: '', up: false };

export const request: AttachRequest = {
  containerId: 'pod',
  ifName: 'net1',
  netns,
  network: parseNetworkConfig({ name: 'net', deviceID: 'vf3' }),
};

export class EngineFixture {
  readonly kernel = new ModelledKernel();
  readonly device: ModelledDevice;
  /** Names of the bridge ports that there are. */
  readonly ports = new Set<string>();
  readonly dataPath = dataPathOf({
    createBridgePort: async ({ name }) => void this.ports.add(name),
    deleteBridgePort: async (name) => void this.ports.delete(name),
  });
  readonly listeners = new Set<LinkListener>();
  dpu: DeviceEntry = { ...hostSide(this.dataPath), dpuName: 'a-host', vf: 3 };
  store: AttachmentStore;
  engine: AttachEngine;
  readonly #root = mkdtempSync(join(tmpdir(), 'engine-'));
  readonly #records = join(this.#root, 'attachments');
  readonly #homes = new DeviceHomes({ directory: join(this.#root, 'homes'), logger });

  constructor() {
    const link = join(this.#root, 'sys/class/net/vf3');
    mkdirSync(link, { recursive: true });
    writeFileSync(join(link, 'address'), home.mac);
    writeFileSync(join(link, 'mtu'), '1500');
    this.device = this.kernel.add({ ...home, identity: { ifindex: 7, kind: 'veth', peerIfindex: 8 } });
    this.store = this.#openStore();
    this.engine = this.makeEngine();
    this.engine.watch(new AbortController().signal);
  }

  /** Another engine over the same records. */
  makeEngine(more: Partial<AttachEngineOptions> = {}): AttachEngine {
    return new AttachEngine({
      store: this.store,
      homes: this.#homes,
      index: this.index(),
      exec,
      logger,
      devices: new Devices(join(this.#root, 'sys')),
      links: this.kernel,
      physicalFunctions: this.kernel,
      linkWatch: this.#linkWatch,
      namespaceDirectory: join(this.#root, 'netns'),
      ...more,
    });
  }

  index(more: Partial<DpuIndex> = {}): DpuIndex {
    return indexOf(() => this.dpu, more);
  }

  /** A device that has the name to which the pod's is to come home. */
  addStranger(): ModelledDevice {
    return this.kernel.add({ name: home.name, identity: { ifindex: 20, kind: 'dummy' } });
  }

  linkChanged(name: string): void {
    for (const listener of this.listeners) listener.changed({ name, index: 1, deleted: false });
  }

  loseRecords(): void {
    rmSync(this.#records, { recursive: true });
    this.store = this.#openStore();
  }

  /** Until the answer is called, nothing can be written. */
  breakDisk(): () => void {
    rmSync(this.#records, { recursive: true });
    writeFileSync(this.#records, '');
    return () => rmSync(this.#records);
  }

  expectNothingAttached(): void {
    expect(this.store.list()).toEqual([]);
    expect(this.device).toMatchObject(home);
    expect([...this.ports]).toEqual([]);
  }

  #openStore(): AttachmentStore {
    return new AttachmentStore({ directory: this.#records, logger });
  }

  readonly #linkWatch: Pick<LinkWatch, 'listen'> = {
    listen: (listener, signal) => {
      this.listeners.add(listener);
      signal.addEventListener('abort', () => this.listeners.delete(listener));
    },
  };
}
