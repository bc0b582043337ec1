/** What the migration does on one node, while no daemon runs there. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DpuError } from '@dpu-operator/sdk';
import { type LinkProperties, Netlink } from '@dpu-operator/sdk/linux';
import type { DeviceHomes } from '../../daemon/attach/device/device-homes.ts';
import type { Devices } from '../../daemon/attach/device/devices.ts';
import { namespaceId } from '../../daemon/attach/link/namespace.ts';
import { keyOf } from '../../daemon/attach/record/attachment.ts';
import type { AttachmentStore } from '../../daemon/attach/record/store.ts';
import type { DeviceReport } from '../observed.ts';
import { type GoRecord, readGoRecords } from './go-records.ts';
import { attachmentOf, type Dpu, dpuOf, homeOf } from './taken-over.ts';

/** A device that the kubelet gave to a pod. */
export interface Allocation {
  namespace: string;
  name: string;
  device: string;
}

export interface NodeWorkOptions {
  /** `dpusriov` of the Go daemon. */
  goDirectory: string;
  /** Paths of all network namespaces with a name. */
  namespaces: readonly string[];
  allocations: readonly Allocation[];
  dpus: readonly Dpu[];
  store: AttachmentStore;
  homes: DeviceHomes;
  devices: Pick<Devices, 'netdevOf' | 'pci'>;
}

/** What becomes of a device, and what is written down for that. */
interface Verdict {
  report: DeviceReport;
  write?: () => void;
}

export class NodeWork {
  readonly #options: NodeWorkOptions;
  readonly #records: readonly GoRecord[];
  readonly #unreadable: readonly string[];

  constructor(options: NodeWorkOptions) {
    this.#options = options;
    const { records, unreadable } = readGoRecords(options.goDirectory);
    this.#records = records;
    this.#unreadable = unreadable;
  }

  /** Changes nothing. */
  async look(): Promise<DeviceReport[]> {
    return (await this.#verdicts()).map(({ report }) => report);
  }

  /** Writes down for our daemon what the Go daemon attached. What is written down already stays. */
  async import(): Promise<DeviceReport[]> {
    const verdicts = await this.#verdicts();
    for (const { write } of verdicts) write?.();
    return verdicts.map(({ report }) => report);
  }

  /**
   * Takes from our daemon's records what the Go daemon has one of, and from its those that ended meanwhile: the pod's
   * namespace has gone. One that only was not taken over stays the Go daemon's.
   *
   * @returns what becomes of each device: `ours` is one that our daemon attached since
   */
  async restore(): Promise<DeviceReport[]> {
    const { store, goDirectory } = this.#options;
    for (const record of this.#records) {
      const ours = store.get(record);
      if (ours) store.delete(ours);
      else if (record.netns !== '' && (await namespaceId(record.netns)) === undefined) {
        rmSync(join(goDirectory, `${record.containerId}-${record.ifName}`), { force: true });
        rmSync(join(goDirectory, 'pci', record.deviceId), { force: true });
      }
    }
    store.flush();
    return this.look();
  }

  async #verdicts(): Promise<Verdict[]> {
    const verdicts: Verdict[] = [];
    for (const allocation of this.#options.allocations) verdicts.push(await this.#verdict(allocation));
    return verdicts;
  }

  async #verdict({ namespace, name, device }: Allocation): Promise<Verdict> {
    const { store, homes, devices, dpus } = this.#options;
    const pod = `${namespace}/${name}`;
    const say = (state: DeviceReport['state'], reason?: string): DeviceReport => ({
      pod,
      device,
      state,
      ...(reason !== undefined && { reason }),
    });
    const record = await this.#liveRecord(device);
    const holder = store.holderOf(device);
    // The Go daemon gave the device to another pod since: ours is of an installation before it.
    const isStale = record !== undefined && holder !== undefined && (await namespaceId(holder.netns)) === undefined;
    const ours = isStale ? undefined : holder;
    if (ours && !(record && keyOf(record) === keyOf(ours))) return { report: say('ours') };
    if (!record) return this.#unrecorded(device, say);
    const pciAddress = devices.pci.addressOf(device);
    const pfAddress = pciAddress === undefined ? undefined : devices.pci.physicalFunctionOf(pciAddress);
    const link = record.hostName === '' ? undefined : await linkOf(record, pciAddress);
    if (record.hostName !== '' && !link) {
      return { report: say('lost', `${record.ifName} of the pod is not it any more`) };
    }
    const dpuName = dpuOf(dpus, pfAddress);
    if (dpuName === undefined) {
      return { report: say('lost', `which of the node's DataProcessingUnits it belongs to is unknown`) };
    }
    const attachment = attachmentOf({
      record,
      netnsId: (await namespaceId(record.netns)) ?? '',
      dpuName,
      pod: { namespace, name },
      link,
      pciAddress,
      pfAddress,
    });
    return {
      report: say('kept'),
      write: () => {
        if (isStale) store.delete(holder);
        if (!store.get(record)) store.put(attachment);
        if (link) homes.note(device, attachment.link);
      },
    };
  }

  /** A device can have several: the Go daemon leaves those of pods whose namespace went first. */
  async #liveRecord(device: string): Promise<GoRecord | undefined> {
    for (const record of this.#records.filter(({ deviceId }) => deviceId === device)) {
      if ((await namespaceId(record.netns)) !== undefined) return record;
    }
    return undefined;
  }

  async #unrecorded(device: string, say: (state: DeviceReport['state'], reason?: string) => DeviceReport) {
    const { devices, homes, namespaces } = this.#options;
    // Given to a pod that names no network: it is on the node.
    if (devices.netdevOf(device) !== undefined) return { report: say('kept') };
    for (const netns of namespaces) {
      const link = (await linksIn(netns)).find(({ alias }) => alias === device);
      if (link) {
        return { report: say('comesHome'), write: () => homes.note(device, homeOf(device, link.mac, link)) };
      }
    }
    const unreadable = this.#unreadable.length > 0 ? ` (unreadable: ${this.#unreadable.join('; ')})` : '';
    return { report: say('lost', `the Go daemon has no record of it${unreadable}`) };
  }
}

async function linkOf(
  { netns, ifName }: GoRecord,
  pciAddress: string | undefined,
): Promise<LinkProperties | undefined> {
  const links = await linksIn(netns);
  // By its address, where it has one: the pod may have renamed it.
  return links.find((link) => link.pciAddress === pciAddress && (pciAddress !== undefined || link.name === ifName));
}

async function linksIn(netns: string): Promise<LinkProperties[]> {
  let pod: Netlink;
  try {
    pod = new Netlink(netns);
  } catch (error) {
    if (['NOT_FOUND', 'INVALID_ARGUMENT'].includes(DpuError.from(error).code)) return [];
    throw error;
  }
  try {
    return await pod.listLinkProperties();
  } finally {
    pod.close();
  }
}
