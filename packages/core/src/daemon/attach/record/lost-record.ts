/**
 * A DEL whose record is lost (unreadable, or somebody removed it): the device that the configuration names is looked for
 * in the pod, by what that cannot change, and a record is made from what is found.
 */
import { randomUUID } from 'node:crypto';
import type { DpuIndex } from '../collaborators.ts';
import type { DeviceHomes } from '../device/device-homes.ts';
import { namespaceId } from '../link/namespace.ts';
import type { PodLinks } from '../link/pod-links.ts';
import { bridgePortOf, formerPlacementOf } from '../placement.ts';
import type { DetachRequest } from '../requests.ts';
import type { Attachment } from './attachment.ts';
import type { AttachmentStore } from './store.ts';

export interface LostRecordsOptions {
  store: AttachmentStore;
  homes: DeviceHomes;
  index: DpuIndex;
  links: Pick<PodLinks, 'findInPod'>;
}

export class LostRecords {
  readonly #options: LostRecordsOptions;

  constructor(options: LostRecordsOptions) {
    this.#options = options;
  }

  /** Undefined where the pod has no such device. @throws CniError while no DPU says where the device sits */
  async find(request: DetachRequest): Promise<Attachment | undefined> {
    const { store, homes, index, links } = this.#options;
    const { containerId, ifName, deviceId, netns, networkName = '', ipam } = request;
    const home = deviceId === undefined ? undefined : homes.get(deviceId);
    if (!deviceId || !netns || !home?.identity) return undefined;
    const [netnsId, own] = await Promise.all([namespaceId(netns), namespaceId('/proc/self/ns/net')]);
    if (netnsId === undefined || netnsId === own) return undefined;
    const link = await links.findInPod(netns, home.identity);
    // A device with a record is another interface's, whatever this configuration says.
    if (!link || store.holderOf(deviceId)) return undefined;
    const placement = formerPlacementOf(index, deviceId, networkName);
    const bridgePort = bridgePortOf(placement);
    return {
      ...placement,
      id: randomUUID(),
      state: 'detaching',
      containerId,
      ifName,
      network: networkName,
      netns,
      netnsId,
      deviceId,
      link: home,
      mac: link.mac,
      ...(ipam && { ipam }),
      ...(bridgePort !== undefined && { bridgePort }),
    };
  }
}
