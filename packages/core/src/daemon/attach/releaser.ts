/**
 * Undoes an attachment from its record. Nothing is remembered about how far attaching came: every part is undone if it
 * is there, so that undoing half an attachment, a whole one, or one undone before is the same work.
 */

import { DpuError } from '@dpu-operator/sdk';
import type { Exec, Link } from '@dpu-operator/sdk/linux';
import { type Ipam, needsInterface } from '../ipam/index.ts';
import type { Attachment } from './attachment.ts';
import type { Devices } from './devices.ts';
import { namespaceId } from './namespace.ts';
import type { PodLinks } from './pod-links.ts';
import type { DpuDirectory } from './ports.ts';
import type { AttachmentStore } from './store.ts';
import { applySettings } from './vf-settings.ts';

export interface ReleaserOptions {
  store: AttachmentStore;
  directory: DpuDirectory;
  devices: Devices;
  links: PodLinks;
  ipam: Ipam;
  exec: Exec;
}

export class Releaser {
  readonly #options: ReleaserOptions;

  constructor(options: ReleaserOptions) {
    this.#options = options;
  }

  /**
   * Everything is tried; the record goes when all succeeded, else the first error is thrown and the record stays. An
   * IPAM plugin that fails keeps no device from the next pod; a bridge port that stays does: undoing it later would
   * hit the next pod's.
   */
  async release(record: Attachment): Promise<void> {
    const { store } = this.#options;
    if (record.state !== 'detaching') store.put({ ...record, state: 'detaching' });
    const freed = record.ipam && this.#options.ipam.del(record.ipam);
    // A DHCP client gives its lease back over the interface.
    if (record.ipam && needsInterface(record.ipam)) await freed?.catch(() => {});
    const [device, addresses] = await Promise.allSettled([record.deviceIsBack || this.#releaseDevice(record), freed]);
    if (device.status === 'rejected') throw device.reason;
    if (addresses.status === 'rejected') {
      store.put({ ...(store.get(record) ?? record), deviceIsBack: true });
      throw addresses.reason;
    }
    store.delete(record);
  }

  /** A chain is closed before it loses a device; all else is undone at once. */
  async #releaseDevice(record: Attachment): Promise<void> {
    const disconnected = this.#disconnect(record);
    if (record.networkFunction?.chain) await disconnected.catch(() => {});
    const results = await Promise.allSettled([disconnected, this.#takeBack(record)]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #disconnect(record: Attachment): Promise<void> {
    const { bridgePort, networkFunction, dpuName } = record;
    if (bridgePort === undefined && networkFunction === undefined) return;
    const dpu = this.#options.directory.dpu(dpuName);
    if (!dpu && this.#options.directory.isGone(dpuName)) return;
    if (!dpu) throw new DpuError('UNAVAILABLE', `DPU ${dpuName} is not ready yet; see kubectl describe dpu ${dpuName}`);
    if (bridgePort !== undefined) await dpu.dataPath.deleteBridgePort(bridgePort);
    if (networkFunction) {
      const { chain, ...pair } = networkFunction;
      await dpu.dataPath.deleteNetworkFunction(pair, chain?.name);
      this.#unpair(record);
    }
  }

  /** The other interface of the pair is free for a new partner. */
  #unpair({ containerId, networkFunction }: Attachment): void {
    const { store } = this.#options;
    for (const other of store.list()) {
      const { networkFunction: pair, ...rest } = other;
      if (other.containerId !== containerId || pair?.input !== networkFunction?.input) continue;
      if (pair?.output === networkFunction?.output) store.put(rest);
    }
  }

  async #takeBack(record: Attachment): Promise<void> {
    const { links, devices, exec } = this.#options;
    const { netns, netnsId, ifName, link, physicalFunction } = record;
    const home = { name: link.name, mac: link.mac, mtu: link.mtu };
    // While the name is here, the device did not leave.
    if (devices.exists(link.name)) {
      const now = devices.read(link.name);
      if (now.mac !== link.mac || now.mtu !== link.mtu) await links.reset(link.name, home);
    } else if ((await namespaceId(netns)) === netnsId) {
      const name = record.result ? ifName : await this.#nameInPod(record);
      if (name !== undefined) await links.leave({ netns, ifName: name, ...home }).catch(ignoreMissing);
    } else if (link.pciAddress !== undefined) {
      // Hardware comes back to the node's namespace by itself when the pod's ends, under its name in the pod.
      const name = devices.netdevOf(link.pciAddress);
      if (name !== undefined) await links.reset(name, home);
    }
    if (physicalFunction) {
      const { netdev, vf, before } = physicalFunction;
      await applySettings(exec, netdev, vf, before).catch(ignoreMissing);
    }
  }

  /**
   * Of a device that entered but was not attached to the end. The kernel moves first and names then: where the pod has
   * an interface of that name, the device is there under its old one.
   */
  async #nameInPod(record: Attachment): Promise<string | undefined> {
    const { links } = this.#options;
    for (const name of [record.link.name, record.ifName]) {
      if (isOurs(await links.find(record.netns, name), record)) return name;
    }
    return undefined;
  }
}

/** What may be an interface of the pod's own has another MAC than the device had or was to get. */
const isOurs = (link: Link | undefined, record: Attachment): boolean =>
  link !== undefined && (link.mac === record.mac || link.mac === record.link.mac);

function ignoreMissing(error: unknown): void {
  if (DpuError.from(error).code !== 'NOT_FOUND') throw error;
}
