/** Does what the record of an attachment says: device into the pod, addresses, and the DPU's part. */
import type { Logger } from 'pino';
import { CniError, cniCodes } from '../../cni-error.ts';
import { type Ipam, needsInterface } from '../ipam/index.ts';
import type { ChainMembership, DpuIndex } from './collaborators.ts';
import { deviceInfoOf, writeCniDeviceInfo } from './device/device-info.ts';
import type { PciFunctions } from './device/pci-functions.ts';
import type { PhysicalFunctions } from './device/vf-settings.ts';
import type { PodLinks } from './link/pod-links.ts';
import { pairUp } from './network-function.ts';
import { type Attachment, bridgePortFor, type IpamCall } from './record/attachment.ts';
import type { AttachmentStore } from './record/store.ts';
import type { AttachRequest } from './requests.ts';
import { type CniResult, type IpamResult, resultOf } from './result.ts';

export interface AttacherOptions {
  store: AttachmentStore;
  index: DpuIndex;
  chains: ChainMembership | undefined;
  links: Pick<PodLinks, 'moveIntoPod' | 'configure'>;
  ipam: Pick<Ipam, 'add'>;
  physicalFunctions: Pick<PhysicalFunctions, 'apply'>;
  pci: PciFunctions;
  /** Default: {@link writeCniDeviceInfo}. */
  writeDeviceInfo: typeof writeCniDeviceInfo | undefined;
  logger: Logger;
}

export class Attacher {
  readonly #options: AttacherOptions;

  constructor(options: AttacherOptions) {
    this.#options = options;
  }

  /** All that does not depend on each other at once: the kernel's wait on the move hides the rest. */
  async attach(request: AttachRequest, record: Attachment): Promise<CniResult> {
    const moving = this.#moveIntoPod(request, record);
    const connecting = this.#connect(record, moving);
    const [moved, connected, allocated] = await Promise.allSettled([
      moving,
      connecting,
      request.ipam && this.#allocate(request.ipam, record, () => Promise.all([moving, connecting])),
    ]);
    for (const outcome of [moved, connected]) if (outcome.status === 'rejected') throw outcome.reason;
    if (allocated.status === 'rejected') throw allocated.reason;
    const addresses = allocated.value;
    if (addresses) await this.#configure(record, addresses);
    this.#describeDevice(request, record);
    const { pciAddress } = record.link;
    const attached = {
      name: record.ifName,
      mac: record.mac,
      mtu: request.network.mtu ?? record.link.mtu,
      sandbox: record.netns,
      ...(pciAddress !== undefined && { pciAddress }),
    };
    return resultOf(request.network, attached, addresses);
  }

  /** Without the file the pod only lacks an entry in its `network-status`. */
  #describeDevice({ network }: AttachRequest, { link }: Attachment): void {
    const path = network.runtimeConfig?.CNIDeviceInfoFile;
    if (path === undefined || link.pciAddress === undefined) return;
    const { pci, writeDeviceInfo = writeCniDeviceInfo, logger } = this.#options;
    try {
      writeDeviceInfo(path, deviceInfoOf(link.pciAddress, pci));
    } catch (err) {
      logger.warn({ err, path }, 'the device information file is not written');
    }
  }

  async #moveIntoPod({ network, mac }: AttachRequest, record: Attachment): Promise<void> {
    const { physicalFunction: pf, link, netns, ifName } = record;
    if (pf) await this.#options.physicalFunctions.apply(pf.netdev, pf.vf, pf.wanted);
    if (record.vfio) return;
    await this.#options.links.moveIntoPod({
      device: link.name,
      netns,
      ifName,
      mac,
      mtu: network.mtu,
    });
  }

  /**
   * A plugin that refuses has nothing handed out any more: its call is forgotten.
   *
   * @param working Resolves when the interface is in the pod and its frames pass.
   */
  async #allocate(ipam: IpamCall, record: Attachment, working: () => Promise<unknown>): Promise<IpamResult> {
    const { store } = this.#options;
    if (needsInterface(ipam)) await working();
    try {
      return await this.#options.ipam.add(ipam);
    } catch (error) {
      const { ipam: _, ...rest } = store.get(record) ?? record;
      if (error instanceof CniError) store.update(rest);
      throw error;
    }
  }

  async #configure(record: Attachment, addresses: IpamResult): Promise<void> {
    if (record.vfio || addresses.ips.length + addresses.routes.length === 0) return;
    await this.#options.links.configure(record, addresses);
  }

  async #connect(record: Attachment, moving: Promise<void>): Promise<void> {
    const { store, index, chains } = this.#options;
    const dpu = index.dpu(record.dpuName);
    if (!dpu) throw new CniError(cniCodes.tryAgainLater, `DPU ${record.dpuName} went away; try again`);
    const port = bridgePortFor(record);
    if (port) {
      await dpu.dataPath.createBridgePort(port);
      return;
    }
    const joined = await pairUp(record, store, chains);
    // A chain is passed as soon as it is given: its last device is to be in its pod.
    if (joined?.place) await moving;
    if (joined) await dpu.dataPath.createNetworkFunction(joined.networkFunction, joined.place);
  }
}
