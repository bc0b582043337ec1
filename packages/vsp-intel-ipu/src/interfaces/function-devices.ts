/** The interfaces of the ACC that pods of network functions get: watched, and known again while a pod has them. */
import { join } from 'node:path';
import type { Device, Logger, Platform } from '@dpu-operator/sdk';
import { Keeper, linksOfPods } from '@dpu-operator/sdk/linux';
import { StateFile } from '../state-file.ts';
import { healthOf, macOf } from './device-health.ts';

export interface FunctionDevicesOptions {
  names: readonly string[];
  platform: Pick<Platform, 'exec' | 'links'>;
  logger: Logger;
  stateDirectory: string;
}

/** Milliseconds that one may have another name, or be nowhere: whoever moves it between namespaces renames it at once. */
const graceMs = 3_000;

export class FunctionDevices {
  readonly #options: FunctionDevicesOptions;
  readonly #file: StateFile;
  readonly #keeper: Keeper;
  readonly #watchers = new Set<() => void>();
  /** MACs by name, over restarts of the plugin: by its MAC one is known that a pod has. */
  #macs = new Map<string, string>();
  #devices: Device[] = [];
  /** When those that are not well were first seen so. */
  readonly #unwellSince = new Map<string, number>();

  constructor(options: FunctionDevicesOptions) {
    const { platform, logger, stateDirectory } = options;
    this.#options = options;
    this.#file = new StateFile(join(stateDirectory, 'function-devices.json'));
    this.#keeper = new Keeper({ logger, netns: platform.links.netns, look: () => this.#look() });
  }

  /** @throws Error where the state directory's file cannot be read */
  async start(): Promise<void> {
    this.#macs = new Map(Object.entries(((await this.#file.load()) as Record<string, string> | undefined) ?? {}));
    this.#keeper.start();
    this.#devices = await this.#read().catch((error) => {
      this.#keeper.stop();
      throw error;
    });
  }

  close(): void {
    this.#keeper.stop();
  }

  devices(): Device[] {
    return this.#devices;
  }

  /** Calls `onChange` when {@link devices} answers differently. */
  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange);
    return () => this.#watchers.delete(onChange);
  }

  async #look(): Promise<{ absent: number[]; unsettled: boolean }> {
    const now = performance.now();
    const read = await this.#read();
    let unsettled = false;
    const devices = read.map((device, index) => {
      const before = this.#devices[index];
      if (device.healthy) this.#unwellSince.delete(device.id);
      if (device.healthy || before?.healthy === false) return device;
      const since = this.#unwellSince.get(device.id) ?? now;
      this.#unwellSince.set(device.id, since);
      if (now - since >= graceMs) return device;
      unsettled = true;
      return before ?? device;
    });
    const isOther = JSON.stringify(devices) !== JSON.stringify(this.#devices);
    this.#devices = devices;
    if (isOther) for (const watcher of this.#watchers) watcher();
    return { absent: devices.flatMap(({ healthy }, index) => (healthy ? [] : [index])), unsettled };
  }

  async #read(): Promise<Device[]> {
    const { names, platform } = this.#options;
    const here = await platform.links.list();
    const byName = new Map(here.map((link) => [link.name, link]));
    for (const name of names) {
      const link = byName.get(name);
      if (link) this.#macs.set(name, macOf(link));
    }
    await this.#file.save(Object.fromEntries(this.#macs));
    const isAllHere = names.every((name) => byName.has(name));
    const inPods = isAllHere ? [] : (await linksOfPods(platform.links)).map(({ link }) => link);
    return healthOf({ names, macs: this.#macs, here, inPods });
  }
}
