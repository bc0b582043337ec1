/** An attachment that the Go daemon made, as our daemon writes one down. Pure. */
import { randomUUID } from 'node:crypto';
import type { LinkProperties } from '@dpu-operator/sdk/linux';
import { omitUndefined } from '@dpu-operator/sdk/wire';
import { unsetMac } from '../../daemon/attach/device/vfio-device.ts';
import { identityOf } from '../../daemon/attach/link/link-identity.ts';
import type { Attachment, DeviceHome } from '../../daemon/attach/record/attachment.ts';
import type { GoRecord } from './go-records.ts';

export interface Dpu {
  name: string;
  isDpuSide: boolean;
}

/**
 * The DPU that a device of this host belongs to. Where a node has several their names end in the PCI addresses of what
 * they were found by.
 */
export function dpuOf(dpus: readonly Dpu[], pfAddress: string | undefined): string | undefined {
  const hosts = dpus.filter(({ isDpuSide }) => !isDpuSide);
  if (hosts.length === 1) return hosts[0]?.name;
  const suffix = pfAddress?.replaceAll(':', '-');
  const named = suffix === undefined ? [] : hosts.filter(({ name }) => name.includes(suffix));
  return named.length === 1 ? named[0]?.name : undefined;
}

export interface Found {
  record: GoRecord;
  netnsId: string;
  dpuName: string;
  pod: { namespace: string; name: string } | undefined;
  /** The device in the pod; undefined where a program drives it without a netdev. */
  link: LinkProperties | undefined;
  pciAddress: string | undefined;
  pfAddress: string | undefined;
}

export function homeOf(hostName: string, hostMac: string, link: LinkProperties, pfAddress?: string): DeviceHome {
  return omitUndefined({
    name: hostName,
    mac: hostMac || link.mac,
    // The Go daemon leaves it as it is.
    mtu: link.mtu,
    pciAddress: link.pciAddress,
    pfAddress,
    identity: identityOf(link),
  });
}

/**
 * Its addresses are given back by the configuration that comes with the DEL: the Go daemon keeps only the name of the IPAM
 * plugin.
 */
export function attachmentOf({ record, netnsId, dpuName, pod, link, pciAddress, pfAddress }: Found): Attachment {
  const mac = record.askedMac || link?.mac || record.hostMac || unsetMac;
  const vfioHome = omitUndefined({
    name: pciAddress ?? record.deviceId,
    mac: unsetMac,
    mtu: 1500,
    pciAddress,
    pfAddress,
  });
  return {
    id: randomUUID(),
    state: 'attached',
    role: 'hostPort',
    containerId: record.containerId,
    ifName: record.ifName,
    network: record.network,
    netns: record.netns,
    netnsId,
    deviceId: record.deviceId,
    dpuName,
    // The Go daemon knows no other.
    pf: 0,
    vf: record.vf,
    bridgePort: `host0-${record.vf}`,
    link: link ? homeOf(record.hostName, record.hostMac, link, pfAddress) : vfioHome,
    mac,
    ...(!link && { vfio: true as const }),
    ...(pod && { pod }),
    ...(record.askedMac !== '' && record.pf !== '' && { physicalFunction: settingsOf(record) }),
  };
}

/** It set the MAC on the physical function; without one the driver gives the VF its own again. */
function settingsOf({ pf, vf, askedMac }: GoRecord): NonNullable<Attachment['physicalFunction']> {
  return {
    netdev: pf,
    vf,
    wanted: { mac: askedMac },
    before: { mac: unsetMac },
  };
}
