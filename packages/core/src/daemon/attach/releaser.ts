/**
 * Undoes an attachment from its record. Nothing is remembered about how far attaching came: every part is undone if it
 * is there, so that undoing half an attachment, a whole one, or one undone before is the same work.
 */

import { DpuError } from '@dpu-operator/sdk';
import type { Ipam } from '../ipam/index.ts';
import type { Attachment } from './attachment.ts';
import type { Devices } from './devices.ts';
import { identityOf, type LinkIdentity } from './link-identity.ts';
import { namespaceId } from './namespace.ts';
import type { PodLinks } from './pod-links.ts';
import type { DpuDirectory } from './ports.ts';
import type { AttachmentStore } from './store.ts';
import type { PhysicalFunctions } from './vf-settings.ts';

export interface ReleaserOptions {
  store: AttachmentStore;
  directory: DpuDirectory;
  devices: Devices;
  links: PodLinks;
  ipam: Ipam;
  physicalFunctions: Pick<PhysicalFunctions, 'apply'>;
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
    const [device, addresses] = await Promise.allSettled([
      record.deviceIsBack || this.#releaseDevice(record),
      record.ipam && this.#options.ipam.del(record.ipam),
    ]);
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
    const { links, devices, physicalFunctions } = this.#options;
    const { netns, netnsId, link, physicalFunction } = record;
    const home = { name: link.name, mac: link.mac, mtu: link.mtu };
    // First: a VF that is not trusted may not change its MAC while the PF has set one.
    if (physicalFunction) {
      const { netdev, vf, before } = physicalFunction;
      await physicalFunctions.apply(netdev, vf, before).catch(ignoreMissing);
    }
    // While the name is here, the device did not leave.
    if (devices.exists(link.name)) {
      const now = devices.read(link.name);
      if (now.mac !== link.mac || now.mtu !== link.mtu) await links.reset(link.name, home);
    } else if ((await namespaceId(netns)) === netnsId) {
      const identity = link.identity ?? (await this.#identityByMac(record));
      if (identity) await links.moveToHost({ netns, identity, ...home });
    } else if (link.pciAddress !== undefined) {
      // Hardware comes back to the node's namespace by itself when the pod's ends, under its name in the pod.
      const name = devices.netdevOf(link.pciAddress);
      if (name !== undefined) await links.reset(name, home);
    }
  }

  /** For the records of earlier versions: what may be an interface of the pod's own has another MAC. */
  async #identityByMac({ netns, ifName, mac, link }: Attachment): Promise<LinkIdentity | undefined> {
    for (const name of [link.name, ifName]) {
      const found = await this.#options.links.find(netns, name);
      if (found && (found.mac === mac || found.mac === link.mac)) return identityOf(found);
    }
    return undefined;
  }
}

function ignoreMissing(error: unknown): void {
  if (DpuError.from(error).code !== 'NOT_FOUND') throw error;
}
