/** An Acme DPU as a plugin: either half, as the daemon decides with Init. */
import {
  type Device,
  DpuError,
  type InitRequest,
  type IpPort,
  type Plugin,
  type PluginContext,
} from '@dpu-operator/sdk';
import { Bridge } from './bridge.ts';
import { DpuSide } from './dpu-side.ts';
import { Chains, NetworkFunctions } from './functions.ts';
import { HostSide } from './host-side.ts';
import { MAX_VFS } from './names.ts';
import type { WatchLinks } from './node-links.ts';
import type { Settings } from './settings.ts';
import type { Side, SideOptions } from './side.ts';

export class AcmeDpu implements Plugin {
  readonly bridge = new Bridge(() => this.#dpuSide());
  readonly networkFunctions = new NetworkFunctions(() => this.#dpuSide());
  readonly chains = new Chains(() => this.#dpuSide());
  readonly #options: SideOptions;
  readonly #watchers = new Set<() => void>();
  #side: Side | undefined;

  /** @param watch the kernel's notifications, unless told */
  constructor(context: PluginContext<Settings>, watch?: WatchLinks) {
    const onDevices = () => {
      for (const watcher of this.#watchers) watcher();
    };
    this.#options = { context, onDevices, ...(watch && { watch }) };
  }

  async init({ dpuMode }: InitRequest): Promise<IpPort> {
    const side = dpuMode ? new DpuSide(this.#options) : new HostSide(this.#options);
    const address = await side.start();
    this.#side = side;
    return address;
  }

  async getDevices(): Promise<Device[]> {
    return this.#started().devices();
  }

  async setNumVfs(count: number): Promise<number> {
    if (count > MAX_VFS) throw new DpuError('OUT_OF_RANGE', `vf_cnt: an Acme DPU has ${MAX_VFS} VFs, not ${count}`);
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
    throw new DpuError('FAILED_PRECONDITION', "this is the host's side; bridges are on the DPU's side, ask its VSP");
  }
}
