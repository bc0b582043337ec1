/** The namespaces that stand for pods, as far as they have interfaces of the plugin's devices. */
import { setTimeout as delay } from 'node:timers/promises';
import { DpuError } from '@dpu-operator/sdk';
import type { SideDevice } from '../sides/protocol.ts';
import type { SideProcess } from '../sides/side-process.ts';
import type { Place } from './names.ts';
import type { Topology } from './topology.ts';

/** Milliseconds in which a device is listed again once its pod is gone. */
const backMs = 10_000;
const pauseMs = 100;

/** An interface that dpu-cni gave to a namespace. */
export interface AttachedInterface {
  side: 'host' | 'dpu';
  place: Place;
  ifName: string;
  network: string;
  device: SideDevice;
}

export class AttachedPods {
  readonly #sides: { host: SideProcess; dpu: SideProcess };
  readonly #topology: Topology;
  #attached: AttachedInterface[] = [];

  constructor(sides: { host: SideProcess; dpu: SideProcess }, topology: Topology) {
    this.#sides = sides;
    this.#topology = topology;
  }

  get isEmpty(): boolean {
    return this.#attached.length === 0;
  }

  has(place: Place): boolean {
    return this.#attached.some((attached) => attached.place === place);
  }

  async attach(added: AttachedInterface): Promise<void> {
    // Also when it fails: a DEL without an ADD is no error.
    this.#attached.push(added);
    await this.#cni('ADD', added);
  }

  /**
   * Gives back the devices of some places, or of all.
   *
   * @returns the ids of the devices
   * @throws DpuError INTERNAL for one that did not come back
   */
  async detach(...places: readonly Place[]): Promise<string[]> {
    const gone = this.#attached.filter(({ place }) => places.length === 0 || places.includes(place)).reverse();
    this.#attached = this.#attached.filter((attached) => !gone.includes(attached));
    for (const attached of gone) await this.#cni('DEL', attached);
    const end = performance.now() + backMs;
    let missing = await this.#missing(gone);
    // A plugin without a watch is asked for its devices every 5 s; one with a watch may be busy.
    while (missing.length > 0 && performance.now() < end) {
      await delay(pauseMs);
      missing = await this.#missing(gone);
    }
    if (missing.length === 0) return gone.map(({ device }) => device.id);
    const ids = missing.map(({ device }) => device.id).join(', ');
    throw new DpuError('INTERNAL', `${ids} did not come back to its node, or the plugin lists it no more`);
  }

  async #missing(gone: readonly AttachedInterface[]): Promise<AttachedInterface[]> {
    const there = {
      host: await this.#sides.host.call('devices', null),
      dpu: await this.#sides.dpu.call('devices', null),
    };
    return gone.filter(({ side, device }) => !there[side].some(({ id, isNetdev }) => id === device.id && isNetdev));
  }

  async #cni(command: 'ADD' | 'DEL', { side, place, ifName, network, device }: AttachedInterface): Promise<void> {
    const netns = this.#topology.path(place);
    const call = { command, container: place, ifName, netns, network, deviceId: device.id };
    const { exitCode, output } = await this.#sides[side].call('cni', call);
    if (exitCode !== 0) throw new DpuError('INTERNAL', `dpu-cni ${command} ${ifName}: ${output}`);
  }
}
