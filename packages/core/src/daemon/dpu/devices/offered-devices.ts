/** What of a DPU's devices the node offers to pods. */
import type { Device } from '@dpu-operator/sdk';
import type { Sysfs, VfPosition } from '@dpu-operator/sdk/linux';
import { acceleratedResource, networkResource, resourceName } from '../../../api/index.ts';
import type { DevicePool, OfferedDevice } from '../../kubelet/pool.ts';
import type { DeviceNetworks } from './device-networks.ts';
import { devicePosition } from './device-position.ts';
import { KeptDevices } from './kept-devices.ts';

export interface OfferedDevicesOptions {
  dpuName: string;
  pool: DevicePool;
  sysfs: Pick<Sysfs, 'vfPosition'>;
  /** Which of them belong to a DpuNetwork. */
  networks: Pick<DeviceNetworks, 'place'>;
}

/** By which VSPs tell devices for accelerated network functions from others. */
const acceleratedPrefix = 'accelerated:';

export class OfferedDevices {
  readonly #options: OfferedDevicesOptions;
  readonly #positions = new Map<string, VfPosition>();
  readonly #kept = new KeptDevices();
  /** The VSP's latest answer. */
  #devices: readonly Device[] = [];
  readonly #accelerated = new Set<string>();
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
  async set(told: readonly Device[]): Promise<void> {
    const devices = told.map((device) => this.#withoutPrefix(device));
    this.#devices = devices;
    const positions = await Promise.all(
      devices.map(async (device) => [device.id, await this.#positionOf(device)] as const),
    );
    if (this.#devices !== devices) return;
    // With the offer: a device that is known by its position alone would be attached to no network.
    for (const [id, position] of positions) this.#positions.set(id, position);
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
  async #positionOf(device: Device): Promise<VfPosition> {
    const known = device.pf === undefined ? this.#positions.get(device.id) : undefined;
    return known ?? devicePosition(this.#options.sysfs, device);
  }

  /** Networks or pods have changed: other devices may be offered in other networks. */
  networksChanged(): void {
    this.#offerSome();
  }

  #withoutPrefix(device: Device): Device {
    if (!device.id.startsWith(acceleratedPrefix)) return device;
    const id = device.id.slice(acceleratedPrefix.length);
    this.#accelerated.add(id);
    return { ...device, id };
  }

  /** Before the VSP has named any, the pool has nothing of this DPU. */
  #offerSome(): void {
    if (this.#kept.list().length > 0) this.#offer();
  }

  #offer(): void {
    const { pool, dpuName, networks } = this.#options;
    const devices = this.#kept.list();
    const ordinary = devices.filter(({ id }) => !this.#accelerated.has(id));
    const placings = networks.place(ordinary.map(({ id }) => ({ id, vf: this.#positions.get(id)?.vf ?? -1 })));
    if (this.#withdrawn) return;
    pool.set(
      dpuName,
      devices.map((device): OfferedDevice => {
        const { network, isOpen = true } = placings.get(device.id) ?? {};
        const ordinaryResource = network ? networkResource(network.name) : resourceName;
        return {
          ...device,
          healthy: device.healthy && this.#inService && isOpen,
          resource: this.#accelerated.has(device.id) ? acceleratedResource : ordinaryResource,
        };
      }),
    );
  }
}
