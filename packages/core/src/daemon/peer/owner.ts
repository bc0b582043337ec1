/**
 * Who a host is, for the daemon on the DPU: what it makes there is its own.
 *
 * It says so in the gRPC metadata `dpu-owner` of every call of the channel: the node's name, `/`, the name of its
 * DataProcessingUnit, in printable ASCII. The daemon on the DPU answers a Ping with the same metadata, which says that
 * it keeps owners apart. Whoever says nothing, as the Go operator's daemon does, is the one anonymous owner.
 */
import { DpuError } from '@dpu-operator/sdk';
import type { Metadata } from '@grpc/grpc-js';

export const ownerHeader = 'dpu-owner';

/** No `/`, so no host is called so. */
export const anonymousOwner = 'anonymous';

export const ownerOf = (nodeName: string, dpuName: string): string => `${nodeName}/${dpuName}`;

/** @throws DpuError INVALID_ARGUMENT for what is no owner */
export function ownerFrom(metadata: Metadata): string {
  const values = metadata.get(ownerHeader);
  if (values.length === 0) return anonymousOwner;
  const [owner] = values;
  // Names of nodes and objects have up to 253 characters each.
  const isOwner = values.length === 1 && typeof owner === 'string' && /^[!-.0-~]{1,253}\/[!-.0-~]{1,253}$/.test(owner);
  if (isOwner) return owner;
  throw new DpuError('INVALID_ARGUMENT', `metadata ${ownerHeader} must be one <node>/<DataProcessingUnit>`);
}
