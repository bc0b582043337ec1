/** What an ADD will do, decided before anything is done: the record of the attachment. */
import { randomUUID } from 'node:crypto';
import { omitUndefined } from '@dpu-operator/sdk/wire';
import { CniError, cniCodes } from '../../cni-error.ts';
import type { Ipam } from '../ipam/index.ts';
import type { DpuIndex } from './collaborators.ts';
import type { Devices, HostDevice } from './device/devices.ts';
import { type PhysicalFunctions, wantedSettings } from './device/vf-settings.ts';
import { unsetMac, vfioMac } from './device/vfio-device.ts';
import type { LinkIdentity } from './link/link-identity.ts';
import { namespaceId } from './link/namespace.ts';
import type { PodLinks } from './link/pod-links.ts';
import type { NetworkConfig } from './network-config.ts';
import { bridgePortOf, type Placement, placementOf, refuseOtherBridge, refuseOutOfService } from './placement.ts';
import type { Attachment, DeviceHome, PhysicalFunction } from './record/attachment.ts';
import type { AttachRequest } from './requests.ts';

export interface PlannerOptions {
  index: DpuIndex;
  devices: Devices;
  links: Pick<PodLinks, 'identify' | 'isPodNetns'>;
  ipam: Pick<Ipam, 'find'>;
  physicalFunctions: Pick<PhysicalFunctions, 'read'>;
}

/** What a request asks for, and where. */
export interface Intent {
  deviceId: string;
  netnsId: string;
}

export class Planner {
  readonly #options: PlannerOptions;

  constructor(options: PlannerOptions) {
    this.#options = options;
  }

  /** @throws CniError naming what the request lacks, before anybody is made to leave for it */
  async intentOf({ network, netns, ipam }: AttachRequest): Promise<Intent> {
    const deviceId = network.runtimeConfig?.deviceID ?? network.deviceID;
    if (deviceId === undefined) {
      const why = 'deviceID is missing: the pod must request the device resource that its network names';
      throw new CniError(cniCodes.invalidConfig, `network configuration: ${why}`);
    }
    this.#placementOf(deviceId, network);
    const [netnsId] = await Promise.all([namespaceId(netns), ipam && this.#options.ipam.find(ipam)]);
    if (netnsId === undefined) {
      const hint = 'the sandbox is gone, or its mount does not reach the daemon';
      throw new CniError(cniCodes.unknownContainer, `${netns} is not a network namespace: ${hint}`);
    }
    if (!this.#options.links.isPodNetns(netns)) {
      throw new CniError(cniCodes.unknownContainer, `${netns} is no network namespace but one of another kind`);
    }
    return { deviceId, netnsId };
  }

  /** @throws CniError when the device or its DPU cannot serve the request */
  async recordOf(request: AttachRequest, intent: Intent): Promise<Attachment> {
    const device = this.#options.devices.read(intent.deviceId);
    const mac = device.vfio ? await this.#macOfVfio(device, request.mac) : request.mac;
    const [identity, physicalFunction] = await Promise.all([
      device.vfio ? undefined : this.#options.links.identify(device.name),
      this.#settingsOf(request.network, mac, device),
    ]);
    // Last: the DPU may have gone meanwhile.
    const placement = this.#placementOf(intent.deviceId, request.network);
    return recordOf({ request, intent, device, mac, identity, physicalFunction, placement });
  }

  #placementOf(deviceId: string, { name, BridgeID }: NetworkConfig): Placement {
    const placement = placementOf(this.#options.index, deviceId, name);
    refuseOtherBridge(BridgeID, deviceId, placement);
    refuseOutOfService(this.#options.index, placement);
    return placement;
  }

  /** Only the physical function knows the address of a VF without a netdev. */
  async #macOfVfio({ physicalFunction: pf }: HostDevice, asked: string | undefined): Promise<string> {
    const present = pf && (await this.#options.physicalFunctions.read(pf.netdev, pf.vf, { mac: unsetMac }));
    return vfioMac(asked, present?.mac);
  }

  async #settingsOf(
    network: NetworkConfig,
    mac: string | undefined,
    device: HostDevice,
  ): Promise<PhysicalFunction | undefined> {
    const wanted = wantedSettings(network, mac, device);
    const pf = device.physicalFunction;
    if (!wanted || !pf) return undefined;
    return { ...pf, wanted, before: await this.#options.physicalFunctions.read(pf.netdev, pf.vf, wanted) };
  }
}

interface Decided {
  request: AttachRequest;
  intent: Intent;
  device: HostDevice;
  /** Undefined leaves the device its own. */
  mac: string | undefined;
  /** Undefined for a device without a netdev. */
  identity: LinkIdentity | undefined;
  physicalFunction: PhysicalFunction | undefined;
  placement: Placement;
}

function recordOf(decided: Decided): Attachment {
  const { request, intent, device, mac, identity, physicalFunction, placement } = decided;
  const { pod, ipam } = request;
  const bridgePort = bridgePortOf(placement);
  const bridgeId = placement.role === 'networkFunction' ? request.network.BridgeID : undefined;
  return {
    ...placement,
    id: randomUUID(),
    state: 'attaching',
    containerId: request.containerId,
    ifName: request.ifName,
    network: request.network.name,
    netns: request.netns,
    netnsId: intent.netnsId,
    deviceId: intent.deviceId,
    link: homeOf(device, identity),
    mac: mac ?? device.mac,
    ...(device.vfio && { vfio: device.vfio }),
    ...(pod && { pod: podOf(pod) }),
    ...(physicalFunction && { physicalFunction }),
    ...(ipam && { ipam }),
    ...(bridgePort !== undefined && { bridgePort }),
    ...(bridgeId !== undefined && { bridgeId }),
  };
}

function homeOf(device: HostDevice, identity: LinkIdentity | undefined): DeviceHome {
  const { name, mac, mtu, pciAddress, pfAddress } = device;
  return omitUndefined({
    name,
    mac,
    mtu,
    identity,
    pciAddress,
    pfAddress,
  });
}

const podOf = ({ namespace, name, uid }: NonNullable<AttachRequest['pod']>): NonNullable<Attachment['pod']> => ({
  namespace,
  name,
  ...(uid !== undefined && { uid }),
});
