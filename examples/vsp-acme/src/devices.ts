/** The rows of devices that pods are given: VFs, or ports for network functions. Each is one end of a veth pair. */
import { type Clock, type Device, DpuError } from '@dpu-operator/sdk';
import { indexIn, macOf } from './names.ts';
import type { NodeLinks } from './node-links.ts';
import type { LinksByName, Pair } from './wanted.ts';

/** Milliseconds: the kernel takes a pod's namespace down some time after the pod is gone. */
const NAMESPACE_GRACE_MS = 5_000;

export class Devices {
  readonly #nodeName: string;
  readonly podName: (index: number) => string;
  readonly portName: (index: number) => string;
  readonly #onChange: () => void;
  #links: LinksByName = new Map();
  #told = '[]';
  count = 0;

  constructor(
    nodeName: string,
    /** The end that a pod is given. */
    podName: (index: number) => string,
    /** The end that stays on the node: it is there as long as its device is, wherever that is. */
    portName: (index: number) => string,
    onChange: () => void,
  ) {
    this.#nodeName = nodeName;
    this.podName = podName;
    this.portName = portName;
    this.#onChange = onChange;
  }

  /** As many as asked for, or as many as a predecessor made. */
  adopt(atLeast: number, links: LinksByName): void {
    this.count = Math.max(atLeast, ...this.#existing(links).map((index) => index + 1));
  }

  get pairs(): Map<string, Pair> {
    const pair = (index: number): [string, Pair] => [
      this.portName(index),
      { pod: this.podName(index), mac: macOf(this.#nodeName, this.podName(index)) },
    ];
    return new Map(Array.from({ length: this.count }, (_, index) => pair(index)));
  }

  /** Takes notice of the links there are. */
  see(links: LinksByName): void {
    this.#links = links;
    const now = JSON.stringify(this.list());
    if (now === this.#told) return;
    this.#told = now;
    this.#onChange();
  }

  list(): Device[] {
    return Array.from({ length: this.count }, (_, index) => ({
      id: this.podName(index),
      healthy: this.#links.has(this.portName(index)),
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
        const names = used.map(this.podName).join(', ');
        throw new DpuError('FAILED_PRECONDITION', `pods use ${names}; remove them before there are ${count} devices`);
      }
      await node.change(end - clock.now());
    }
    this.count = count;
  }

  /**
   * The device that was made with a MAC.
   *
   * @throws DpuError NOT_FOUND
   */
  withMac(mac: string, links: LinksByName): number {
    const existing = this.#existing(links);
    const found = existing.find((index) => macOf(this.#nodeName, this.podName(index)) === mac.toLowerCase());
    if (found !== undefined) return found;
    const names = existing.map(this.podName).join(', ') || 'there are none';
    const text = `no device of this DPU (${names}) was made with MAC ${mac}; leave the MACs of network functions as they are`;
    throw new DpuError('NOT_FOUND', text);
  }

  #existing(links: LinksByName): number[] {
    const prefix = this.portName(0).slice(0, -1);
    const indices = [...links.values()].map(({ name, kind }) => (kind === 'veth' ? indexIn(name, prefix) : undefined));
    return indices.filter((index) => index !== undefined).sort((a, b) => a - b);
  }

  /** The kernel names the other end only where it is on the node, too. */
  #isAway(index: number, links: LinksByName): boolean {
    return links.get(this.portName(index))?.peer?.name === undefined;
  }
}
