/**
 * Who a host is, for the daemon on the DPU: what it makes there is its own.
 *
 * With mutual TLS that is the SPIFFE ID in its certificate. With plain text it is what the host says of itself, in the
 * gRPC metadata `dpu-owner` of every call of the channel: the node's name, `/`, the name of its DataProcessingUnit, in
 * printable ASCII. Whoever says nothing, as the Go operator's daemon does, is the one anonymous owner. The daemon on the
 * DPU answers a Ping with the owner in the same metadata, which says that it keeps owners apart.
 */
import { DpuError } from '@dpu-operator/sdk';
import type { Metadata } from '@grpc/grpc-js';
import { parseIdentity } from '../../trust/identity.ts';

export const ownerHeader = 'dpu-owner';

/** `true` in the answer to a Ping of a DPU side that is to go: hosts are to send no new pods to it. */
export const leavingHeader = 'dpu-leaving';

/** `true` in the answer to a Ping of a DPU side whose VSP serves no logical bridges: it keeps no networks apart. */
export const oneBridgeHeader = 'dpu-one-bridge';

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

/** `<node>/<dpu>` of an owner, proven or not: what is the same host with plain text and with mutual TLS. */
export function plainOwner(owner: string): string {
  const identity = parseIdentity(owner);
  return identity ? ownerOf(identity.node, identity.dpu) : owner;
}
