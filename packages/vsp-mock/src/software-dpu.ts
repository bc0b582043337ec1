/** A software DPU as a plugin: either half, as the daemon decides. */
import {
  type Device,
  DpuError,
  type InitRequest,
  type IpPort,
  type Plugin,
  type PluginContext,
} from '@dpu-operator/sdk';
import { Bridge } from './bridge.ts';
import { Chains } from './chains.ts';
import { DpuSide } from './dpu-side.ts';
import { HostSide } from './host-side.ts';
import { NetworkFunctions } from './network-functions.ts';
import { linuxPlatform, type Platform } from './platform.ts';
import { MAX_VFS, parseSettings, type Settings } from './settings.ts';
import type { Side } from './side.ts';
import { oneNodeMtu, tunnelMtu } from './underlay.ts';

export class SoftwareDpu implements Plugin {
  readonly #context: Omit<PluginContext<unknown>, 'platform'>;
  readonly #settings: Settings;
  readonly #platform: Platform;
  readonly #watchers = new Set<() => void>();
  readonly bridge = new Bridge(() => this.#dpuSide());
  readonly networkFunctions = new NetworkFunctions(() => this.#dpuSide());
  readonly chains = new Chains(() => this.#dpuSide());
  #side: Side | undefined;

  /** @throws DpuError INVALID_ARGUMENT naming the setting that is wrong */
  constructor(context: Omit<PluginContext<unknown>, 'platform'>, platform: Platform = linuxPlatform()) {
    this.#context = context;
    this.#settings = parseSettings(context.settings);
    this.#platform = platform;
  }

  async init({ dpuMode, dpuIdentifier }: InitRequest): Promise<IpPort> {
    const { logger, node, stateDirectory } = this.#context;
    const onDevices = () => {
      for (const watcher of this.#watchers) watcher();
    };
    const { peer } = this.#settings;
    const options = {
      platform: this.#platform,
      settings: this.#settings,
      mtu: peer === undefined ? oneNodeMtu : await tunnelMtu(this.#platform.exec, peer),
      node,
      stateDirectory,
      logger,
      onDevices,
    };
    const side = dpuMode ? new DpuSide(options, dpuIdentifier) : new HostSide(options);
    this.#side = side;
    try {
      return await side.start();
    } catch (error) {
      this.#side = undefined;
      await side.close();
      throw error;
    }
  }

  async getDevices(): Promise<Device[]> {
    return this.#started().devices();
  }

  async setNumVfs(count: number): Promise<number> {
    if (!Number.isInteger(count) || count < 0 || count > MAX_VFS) {
      throw new DpuError('OUT_OF_RANGE', `vf_cnt: a software DPU has 0 to ${MAX_VFS} VFs, not ${count}`);
    }
    return this.#started().setNumVfs(count);
  }

  watchDevices(onChange: () => void): () => void {
    this.#watchers.add(onChange);
    return () => this.#watchers.delete(onChange);
  }

  async healthy(): Promise<boolean> {
    return this.#started().healthy();
  }

  async close(): Promise<void> {
    await this.#side?.close();
  }

  #started(): Side {
    if (this.#side) return this.#side;
    throw new DpuError('FAILED_PRECONDITION', 'this DPU is not initialised; call Init first');
  }

  #dpuSide(): DpuSide {
    const side = this.#started();
    if (side instanceof DpuSide) return side;
    throw new DpuError('FAILED_PRECONDITION', 'this is the host side; the bridge is on the DPU side, ask its VSP');
  }
}
