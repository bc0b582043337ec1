/** The host's half of a software DPU: the VFs. */
import type { Device, IpPort } from '@dpu-operator/sdk';
import { vethVfKind, vxlanKind } from './device-kinds.ts';
import { Keeper } from './keeper.ts';
import { Serial } from './platform.ts';
import { DevicePool } from './pool.ts';
import { retargetPods } from './retarget.ts';
import { daemonAddress } from './settings.ts';
import type { Side, SideOptions } from './side.ts';

export class HostSide implements Side {
  readonly #options: SideOptions;
  readonly #pool: DevicePool;
  readonly #keeper: Keeper;
  readonly #serial = new Serial();

  constructor(options: SideOptions) {
    const { platform, logger, settings, node, mtu, onDevices } = options;
    const { peer } = settings;
    const kind = peer === undefined ? vethVfKind(node.name, mtu) : vxlanKind({ settings, peer, node, mtu });
    this.#options = options;
    this.#pool = new DevicePool(platform, kind, logger, onDevices);
    this.#keeper = new Keeper({ platform, logger, look: () => this.#serial.run(() => this.#pool.ensure()) });
  }

  start(): Promise<IpPort> {
    return this.#serial.run(async () => {
      const { platform, settings, node, logger } = this.#options;
      const { peer } = settings;
      if (peer !== undefined) await retargetPods(platform, { settings, peer, node }, logger);
      const { unsettled } = await this.#pool.adopt(settings.vfs);
      this.#keeper.start();
      if (unsettled) this.#keeper.poke();
      return daemonAddress(settings, 'host', node.ip);
    });
  }

  devices(): Device[] {
    return this.#pool.devices();
  }

  setNumVfs(count: number): Promise<number> {
    return this.#serial.run(async () => {
      await this.#pool.resize(count);
      return this.#pool.count;
    });
  }

  async healthy(): Promise<boolean> {
    return true;
  }

  async close(): Promise<void> {
    this.#keeper.stop();
    await this.#serial.run(async () => {});
  }
}
