/** What callers ask of the attach engine. */
import type { NetworkConfig } from './network-config.ts';
import type { AttachmentKey, IpamCall } from './record/attachment.ts';

export interface AttachRequest {
  containerId: string;
  ifName: string;
  /** Path of the pod's network namespace. */
  netns: string;
  pod?: { namespace: string; name: string; uid?: string } | undefined;
  network: NetworkConfig;
  /** The MAC asked for, in the order of precedence resolved by the caller. */
  mac?: string | undefined;
  ipam?: IpamCall | undefined;
}

export interface DetachRequest extends AttachmentKey {
  ipam?: IpamCall | undefined;
  /** These three for a record that is lost. */
  netns?: string | undefined;
  networkName?: string | undefined;
  deviceId?: string | undefined;
}

export interface CheckRequest extends AttachmentKey {
  netns: string;
  prevResult?: unknown;
  ipam?: IpamCall | undefined;
}
