/** The devices of all DPUs of a node: what the node advertises to the kubelet. */
import type { Device } from '@dpu-operator/sdk';
import { resourceName } from '../../api/index.ts';

export interface OfferedDevice extends Device {
  /** By which pods ask for it. Default: {@link resourceName}. */
  resource?: string;
}

export interface PooledDevice extends Device {
  dpuName: string;
  resource: string;
}

export interface ResourceDevices {
  /** By id, `vf9` before `vf10`. */
  list(): readonly PooledDevice[];
  get(id: string): PooledDevice | undefined;
  /** @returns what ends it */
  onChange(listener: () => void): () => void;
}

/** Numbers by their value; without ICU, whose data would cost the daemon 3 MB. */
function byNumber(a: string, b: string): number {
  const parts = (text: string) => text.split(/(\d+)/).map((part, index) => (index % 2 ? part.padStart(12, '0') : part));
  const [x, y] = [parts(a).join(''), parts(b).join('')];
  if (x === y) return 0;
  return x < y ? -1 : 1;
}

export class DevicePool implements ResourceDevices {
  readonly #numaNodeOf: (deviceId: string) => number | undefined;
  /** As found once: the netdev of a device that is in a pod cannot be looked up. */
  readonly #numaNodes = new Map<string, number>();
  readonly #byDpu = new Map<string, OfferedDevice[]>();
  readonly #listeners = new Set<() => void>();
  #devices: PooledDevice[] = [];

  /** @param numaNodeOf of a device whose plugin does not say its NUMA node */
  constructor(numaNodeOf: (deviceId: string) => number | undefined = () => undefined) {
    this.#numaNodeOf = numaNodeOf;
  }

  /** Replaces a DPU's devices. Listeners hear of it only when the kubelet would. */
  set(dpuName: string, devices: readonly OfferedDevice[]): void {
    this.#byDpu.set(
      dpuName,
      devices.map((device) => this.#withNumaNode(device)),
    );
    this.#rebuild();
  }

  remove(dpuName: string): void {
    this.#byDpu.delete(dpuName);
    this.#rebuild();
  }

  /** By id, `vf9` before `vf10`. */
  list(): readonly PooledDevice[] {
    return this.#devices;
  }

  get(id: string): PooledDevice | undefined {
    return this.#devices.find((device) => device.id === id);
  }

  /** Those of one resource; its listeners hear of their changes only. */
  of(resource: string): ResourceDevices {
    const list = () => this.#devices.filter((device) => device.resource === resource);
    return {
      list,
      get: (id) => list().find((device) => device.id === id),
      onChange: (listener) => {
        let before = list();
        return this.onChange(() => {
          const now = list();
          const isNews = !same(before, now);
          before = now;
          if (isNews) listener();
        });
      },
    };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #withNumaNode(device: OfferedDevice): OfferedDevice {
    if (device.numaNode !== undefined) return device;
    const numaNode = this.#numaNodes.get(device.id) ?? this.#numaNodeOf(device.id);
    if (numaNode === undefined) return device;
    this.#numaNodes.set(device.id, numaNode);
    return { ...device, numaNode };
  }

  #rebuild(): void {
    const merged = new Map<string, PooledDevice>();
    for (const [dpuName, devices] of [...this.#byDpu].sort(([a], [b]) => byNumber(a, b))) {
      for (const device of devices) {
        if (!merged.has(device.id)) merged.set(device.id, { resource: resourceName, ...device, dpuName });
      }
    }
    const next = [...merged.values()].sort((a, b) => byNumber(a.id, b.id));
    const isNews = !same(this.#devices, next);
    this.#devices = next;
    if (!isNews) return;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** To the kubelet. */
function same(a: readonly PooledDevice[], b: readonly PooledDevice[]): boolean {
  const equal = (x: PooledDevice, y: PooledDevice | undefined) =>
    x.id === y?.id &&
    x.healthy === y.healthy &&
    x.numaNode === y.numaNode &&
    x.dpuName === y.dpuName &&
    x.resource === y.resource;
  return a.length === b.length && a.every((device, index) => equal(device, b[index]));
}
