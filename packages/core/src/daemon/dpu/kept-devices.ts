/** The devices of one DPU as the kubelet is told of them. Pure. */
import type { Device } from '@dpu-operator/sdk';

/**
 * While hardware is missing, the devices that there were stay, unhealthy: a VSP whose card is away for a moment has none,
 * and the kubelet would forget them.
 */
export class KeptDevices {
  #current: readonly Device[] = [];
  /** The longer list before the current one: a VSP may notice before detection does that its card is away. */
  #before: readonly Device[] = [];
  #problem: string | undefined;

  /** What of the DPU's hardware is missing. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The devices of the VSP's latest answer. */
  take(devices: readonly Device[]): void {
    if (this.#problem !== undefined) this.#before = this.#union();
    else if (devices.length < this.#current.length) this.#before = this.#current;
    this.#current = devices;
  }

  setProblem(problem: string | undefined): void {
    this.#problem = problem;
    if (problem === undefined) this.#before = [];
  }

  list(): Device[] {
    if (this.#problem === undefined) return [...this.#current];
    return this.#union().map((device) => ({ ...device, healthy: false }));
  }

  #union(): Device[] {
    const known = new Map([...this.#before, ...this.#current].map((device) => [device.id, device]));
    return [...known.values()];
  }
}
