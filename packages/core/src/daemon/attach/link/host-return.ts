/**
 * Brings a device back to the node from its record: out of the pod's namespace, with the name, MAC and MTU that it had.
 * It is looked for by what a pod cannot change; whatever else has its name, in the pod or here, is left alone.
 */
import { DpuError } from '@dpu-operator/sdk';
import type { Link } from '@dpu-operator/sdk/linux';
import { gone, type Presence } from '../../presence.ts';
import type { DpuIndex } from '../collaborators.ts';
import type { Devices } from '../device/devices.ts';
import type { PhysicalFunctions } from '../device/vf-settings.ts';
import type { Attachment } from '../record/attachment.ts';
import { identityOf, type LinkIdentity } from './link-identity.ts';
import { namespaceId } from './namespace.ts';
import type { HostProperties, MoveToHost, PodLinks } from './pod-links.ts';

export interface HostReturnOptions {
  devices: Pick<Devices, 'netdevOf' | 'pci'>;
  index: Pick<DpuIndex, 'presence'>;
  links: Pick<PodLinks, 'find' | 'findHere' | 'moveToHost' | 'reset'>;
  physicalFunctions: Pick<PhysicalFunctions, 'apply'>;
}

/** How a device is given back: as it was, or why that is still to come. The pod has it no more in either case. */
export type Returned =
  | { complete: true }
  | {
      complete: false;
      reason: string;
      /** There is nothing here that could be given back now. */
      functionIsAway?: true;
    };

const complete: Returned = { complete: true };

export class HostReturn {
  readonly #options: HostReturnOptions;

  constructor(options: HostReturnOptions) {
    this.#options = options;
  }

  /**
   * The physical function's settings come first: a VF that is not trusted may not change its MAC while the PF has set
   * one.
   *
   * @param onMoving see {@link MoveToHost}; not called where nothing moves
   */
  async returnToHost(record: Attachment, onMoving?: () => void): Promise<Returned> {
    const [settings] = await Promise.allSettled([this.#restoreSettings(record)]);
    const returned = record.vfio ? complete : await this.#returnLink(record, onMoving);
    if (settings.status === 'rejected') throw settings.reason;
    return returned.complete ? settings.value : returned;
  }

  /** The physical function's netdev may have been renamed meanwhile, and is away while its driver is loaded anew. */
  async #restoreSettings(record: Attachment): Promise<Returned> {
    const { physicalFunction, link } = record;
    if (!physicalFunction) return complete;
    const { vf, before } = physicalFunction;
    // Only records of earlier daemons know it by a name, which may be another's by now.
    const netdev =
      link.pfAddress === undefined ? physicalFunction.netdev : this.#options.devices.netdevOf(link.pfAddress);
    try {
      if (netdev === undefined) throw new DpuError('NOT_FOUND', `${link.pfAddress} has no network interface here`);
      await this.#options.physicalFunctions.apply(netdev, vf, before);
      return complete;
    } catch (error) {
      const presence = this.#presenceOf(record);
      if (presence.is === 'gone') return complete;
      if (DpuError.from(error).code !== 'NOT_FOUND') throw error;
      if (presence.is === 'unknown') return away(presence.reason);
      const pf = netdev ?? `the interface of ${link.pfAddress}`;
      return { complete: false, reason: `${pf}, through which VF ${vf} is set, is not in this node's namespace` };
    }
  }

  async #returnLink(record: Attachment, onMoving: (() => void) | undefined): Promise<Returned> {
    const { link } = record;
    const home: HostProperties = { name: link.name, mac: link.mac, mtu: link.mtu };
    const namespaceIsThere = (await namespaceId(record.netns)) === record.netnsId;
    const identity = link.identity ?? (await this.#formerIdentity(record, namespaceIsThere));
    if (!identity) return complete;
    const move = { netns: record.netns, identity, onMoving, ...home };
    if (namespaceIsThere && (await this.#leavePod(move))) return complete;
    const here = await this.#options.links.findHere(identity);
    return here ? this.#restore(here, home, temporaryName(identity)) : this.#whereabouts(record);
  }

  /** Whether the device came home as it was. If not, it is looked for here: the kernel moves first and renames then. */
  async #leavePod(move: MoveToHost): Promise<boolean> {
    try {
      return (await this.#options.links.moveToHost(move)) === 'moved';
    } catch (error) {
      const { code } = DpuError.from(error);
      // The namespace has ended meanwhile, or its name here is another's.
      if (code === 'NOT_FOUND' || code === 'ALREADY_EXISTS') return false;
      throw error;
    }
  }

  async #restore(here: Link, home: HostProperties, otherName: string): Promise<Returned> {
    const { name, mac, mtu, up } = here;
    if (name === home.name && mac === home.mac && mtu === home.mtu && !up) return complete;
    try {
      await this.#options.links.reset(name, home);
      return complete;
    } catch (error) {
      if (DpuError.from(error).code !== 'ALREADY_EXISTS') throw error;
      await this.#options.links.reset(name, { name: otherName, mac: home.mac, mtu: home.mtu });
      return nameIsTaken(home, otherName);
    }
  }

  /** Of a device that is neither in the pod nor here. Only hardware outlives its namespace. */
  #whereabouts(record: Attachment): Returned {
    const presence = this.#presenceOf(record);
    if (presence.is === 'gone') return complete;
    if (presence.is === 'unknown') return away(presence.reason);
    return { complete: false, reason: `the kernel has not returned ${presence.value} to this node's namespace yet` };
  }

  /** Of the PCI function. A card that was taken out, for which its DPU was torn down, brings back none. */
  #presenceOf({ link, dpuName, deviceDpu = dpuName }: Attachment): Presence<string> {
    const { devices, index } = this.#options;
    const pciAddress = link.identity?.pciAddress ?? link.pciAddress;
    if (pciAddress === undefined) return gone;
    const presence = devices.pci.presence(pciAddress, link.pfAddress);
    return presence.is === 'unknown' && index.presence(deviceDpu).is === 'gone' ? gone : presence;
  }

  /** What a daemon that knew devices by name wrote down: there the name and the MAC must do. */
  async #formerIdentity(record: Attachment, namespaceIsThere: boolean): Promise<LinkIdentity | undefined> {
    const { pciAddress } = record.link;
    if (pciAddress !== undefined) return { ifindex: 0, pciAddress };
    if (!namespaceIsThere) return undefined;
    for (const name of [record.ifName, record.link.name]) {
      const link = await this.#options.links.find(record.netns, name);
      const isOurs = link !== undefined && (link.mac === record.mac || link.mac === record.link.mac);
      if (isOurs) return identityOf(link);
    }
    return undefined;
  }
}

/** At most 13 of the 15 bytes that a name may have (IFNAMSIZ). */
const temporaryName = ({ ifindex }: LinkIdentity): string => `dpu${ifindex}`;

function nameIsTaken(home: HostProperties, name: string): Returned {
  return {
    complete: false,
    reason: `another interface of this node is called ${home.name}; the device is ${name} meanwhile`,
  };
}

const away = (reason: string): Returned => ({ complete: false, reason, functionIsAway: true });
