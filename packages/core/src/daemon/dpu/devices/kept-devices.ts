/** The devices of one DPU as the kubelet is told of them. Pure. */
import type { Device } from '@dpu-operator/sdk';

/**
 * While hardware is missing, the devices that there were stay, unhealthy: a VSP whose card is away for a moment has none,
 * and the kubelet would forget them.
 */
export class KeptDevices {
  #current: readonly Device[] = [];
  /** What was there before the list became shorter: a VSP may notice, in steps, before detection does that its card is away. */
  #before: readonly Device[] = [];
  #problem: string | undefined;

  /** What of the DPU's hardware is missing. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The devices of the VSP's latest answer. */
  take(devices: readonly Device[]): void {
    const isLess = devices.length < this.#current.length;
    if (this.#problem !== undefined || isLess) this.#before = this.#union();
    this.#current = devices;
    if (this.#problem === undefined && this.#before.every(({ id }) => devices.some((device) => device.id === id))) {
      this.#before = [];
    }
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
