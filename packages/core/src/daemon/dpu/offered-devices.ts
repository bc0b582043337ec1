/** What of a DPU's devices the node offers to pods. */
import type { Device } from '@dpu-operator/sdk';
import type { Sysfs, VfPosition } from '@dpu-operator/sdk/linux';
import type { DevicePool } from '../kubelet/pool.ts';
import { devicePosition } from './device-position.ts';
import { KeptDevices } from './kept-devices.ts';

export interface OfferedDevicesOptions {
  dpuName: string;
  pool: DevicePool;
  sysfs: Pick<Sysfs, 'vfPosition'>;
}

export class OfferedDevices {
  readonly #options: OfferedDevicesOptions;
  readonly #positions = new Map<string, VfPosition>();
  readonly #kept = new KeptDevices();
  /** The VSP's latest answer. */
  #devices: readonly Device[] = [];
  #inService = true;
  #withdrawn = false;

  constructor(options: OfferedDevicesOptions) {
    this.#options = options;
  }

  get withdrawn(): boolean {
    return this.#withdrawn;
  }

  get count(): number {
    return this.#kept.list().length;
  }

  get unhealthy(): readonly Device[] {
    return this.#kept.list().filter(({ healthy }) => !healthy);
  }

  /** PF and VF of a device that is offered. */
  position(deviceId: string): VfPosition | undefined {
    return this.#withdrawn ? undefined : this.#positions.get(deviceId);
  }

  /** Also of one that is offered no more. */
  locate(deviceId: string): VfPosition | undefined {
    return this.#positions.get(deviceId);
  }

  /** The VSP has these now. */
  async set(devices: readonly Device[]): Promise<void> {
    this.#devices = devices;
    await Promise.all(devices.map((device) => this.#place(device)));
    if (this.#devices !== devices) return;
    this.#kept.take(devices);
    this.#offer();
  }

  /** While the DPU cannot serve pods its devices are unhealthy, so that the scheduler sends none. */
  setInService(inService: boolean): void {
    if (inService === this.#inService) return;
    this.#inService = inService;
    this.#offerSome();
  }

  /** What of the DPU's hardware is missing. */
  get hardwareProblem(): string | undefined {
    return this.#kept.problem;
  }

  /** While there is one the DPU keeps its devices, all unhealthy. @param problem what of its hardware is missing */
  setHardwareProblem(problem: string | undefined): void {
    if (problem === this.#kept.problem) return;
    this.#kept.setProblem(problem);
    this.#offerSome();
  }

  /** Offers no devices any more; pods that have some keep them. */
  withdraw(): void {
    this.#withdrawn = true;
    this.#options.pool.remove(this.#options.dpuName);
  }

  offerAgain(): void {
    this.#withdrawn = false;
    this.#offerSome();
  }

  /** Looked for once where the plugin does not say: the netdev of a device that is in a pod cannot be looked up. */
  async #place(device: Device): Promise<void> {
    const { id, pf } = device;
    if (pf === undefined && this.#positions.has(id)) return;
    this.#positions.set(id, await devicePosition(this.#options.sysfs, device));
  }

  /** Before the VSP has named any, the pool has nothing of this DPU. */
  #offerSome(): void {
    if (this.#kept.list().length > 0) this.#offer();
  }

  #offer(): void {
    if (this.#withdrawn) return;
    const { pool, dpuName } = this.#options;
    pool.set(
      dpuName,
      this.#kept.list().map((device) => ({ ...device, healthy: device.healthy && this.#inService })),
    );
  }
}
