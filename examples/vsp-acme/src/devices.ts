/** The rows of devices that pods are given: VFs, or ports for network functions. Each is one end of a veth pair. */
import { type Clock, type Device, DpuError } from '@dpu-operator/sdk';
import type { LinksByName, Pair } from './link-plan.ts';
import { MAX_VFS, macOf, type Row } from './names.ts';
import type { NodeLinks } from './node-links.ts';

/** Milliseconds: the kernel takes a pod's namespace down some time after the pod is gone. */
const NAMESPACE_GRACE_MS = 5_000;

export class Devices {
  readonly #macs: readonly string[];
  /** The ends that pods are given. */
  readonly #pods: Row;
  /** The ends that stay on the node: they are there as long as their device is, wherever that is. */
  readonly #ports: Row;
  readonly #watchers = new Set<() => void>();
  #links: LinksByName = new Map();
  #told = '[]';
  count = 0;

  constructor(nodeName: string, pods: Row, ports: Row) {
    this.#macs = Array.from({ length: MAX_VFS }, (_, index) => macOf(nodeName, pods.name(index)));
    this.#pods = pods;
    this.#ports = ports;
  }

  /** As many as asked for, or as many as a predecessor made. */
  adopt(atLeast: number, links: LinksByName): void {
    this.count = Math.max(atLeast, ...this.#existing(links).map((index) => index + 1));
  }

  get pairs(): Map<string, Pair> {
    const macs = this.#macs.slice(0, this.count);
    return new Map(macs.map((mac, index) => [this.#ports.name(index), { pod: this.#pods.name(index), mac }]));
  }

  /** Takes notice of the links there are. */
  see(links: LinksByName): void {
    this.#links = links;
    const now = JSON.stringify(this.list());
    if (now === this.#told) return;
    this.#told = now;
    for (const onChange of this.#watchers) onChange();
  }

  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange);
    return () => this.#watchers.delete(onChange);
  }

  list(): Device[] {
    return Array.from({ length: this.count }, (_, index) => ({
      id: this.#pods.name(index),
      healthy: this.#links.has(this.#ports.name(index)),
    }));
  }

  /**
   * Another count, once pods have none of those that are to go.
   *
   * @throws DpuError FAILED_PRECONDITION while a pod has one
   */
  async resize(count: number, node: NodeLinks, clock: Clock): Promise<void> {
    const end = clock.now() + NAMESPACE_GRACE_MS;
    for (;;) {
      const links = await node.list();
      const used = this.#existing(links).filter((index) => index >= count && this.#isAway(index, links));
      if (used.length === 0) break;
      if (clock.now() >= end) {
        const names = used.map((index) => this.#pods.name(index)).join(', ');
        throw new DpuError('FAILED_PRECONDITION', `pods use ${names}; remove them before there are ${count} devices`);
      }
      await node.change(end - clock.now());
    }
    this.count = count;
  }

  /** Name of the node's end of the device that was made with a MAC, whether or not it is there now. */
  portOf(mac: string): string {
    return this.#ports.name(this.#macs.indexOf(mac));
  }

  /**
   * Index of the device that was made with a MAC. A pod may have it: then the kernel tells no MAC on the node.
   *
   * @throws DpuError NOT_FOUND where it is not there
   */
  indexOf(mac: string, links: LinksByName): number {
    const existing = this.#existing(links);
    const index = this.#macs.indexOf(mac);
    if (existing.includes(index)) return index;
    const names = existing.map((each) => this.#pods.name(each)).join(', ') || 'there are none';
    const text = `no device of this DPU (${names}) was made with MAC ${mac}; leave the MACs of network functions as they are`;
    throw new DpuError('NOT_FOUND', text);
  }

  #existing(links: LinksByName): number[] {
    const veths = [...links.values()].filter(({ kind }) => kind === 'veth');
    return veths.map(({ name }) => this.#ports.index(name)).filter((index) => index !== undefined);
  }

  /** The kernel names the other end only where it is on the node, too. */
  #isAway(index: number, links: LinksByName): boolean {
    return links.get(this.#ports.name(index))?.peer?.name === undefined;
  }
}
