/** The commands of CNI as calls of the attach engine. */

import { CniError, cniCodes } from '../../cni-error.ts';
import type { AttachEngine } from '../attach/engine.ts';
import { parseGarbageConfig, parseNetworkBase, parseNetworkConfig } from '../attach/network-config.ts';
import type { IpamCall } from '../attach/record/attachment.ts';
import type { DetachRequest } from '../attach/requests.ts';
import type { CniResult } from '../attach/result.ts';
import type { CniRequest } from './request.ts';

type Engine = Pick<AttachEngine, 'add' | 'del' | 'check' | 'gc' | 'status'>;

/**
 * Only ADD has a result.
 *
 * @param signal aborted when nobody waits for the result (any more)
 */
export async function runCommand(engine: Engine, request: CniRequest, signal?: AbortSignal): Promise<CniResult | null> {
  switch (request.command) {
    case 'ADD':
      return add(engine, request, signal);
    case 'DEL':
      await engine.del(detachRequestOf(request));
      return null;
    case 'CHECK': {
      const network = parseNetworkBase(request.config);
      const { prevResult } = network;
      await engine.check({ ...request.key, netns: request.podNetns, prevResult, ipam: request.ipamOf(network) });
      return null;
    }
    case 'GC': {
      const { name, 'cni.dev/valid-attachments': valid } = parseGarbageConfig(request.config);
      // Nobody said what is valid: neither is anything here stale, nor may an IPAM plugin read that as an empty list.
      if (valid === undefined) return null;
      const keep = valid.map(({ containerID, ifname }) => ({ containerId: containerID, ifName: ifname }));
      await engine.gc(name, keep, ipamIfValid(request));
      return null;
    }
    case 'STATUS':
      await engine.status(request.ipamOf(parseNetworkBase(request.config)));
      return null;
    default:
      throw new CniError(
        cniCodes.invalidEnvironment,
        `environment variable CNI_COMMAND: no command ${request.command}`,
      );
  }
}

/** With a configuration that is wrong nothing was attached, so there is nothing to refuse: the pod must be able to go. */
function detachRequestOf(request: CniRequest): DetachRequest {
  const base = ifValid(() => parseNetworkBase(request.config));
  const network = ifValid(() => parseNetworkConfig(request.config));
  return {
    ...request.deletionKey,
    netns: request.netns,
    networkName: base?.name,
    deviceId: network?.runtimeConfig?.deviceID ?? network?.deviceID,
    ipam: ipamIfValid(request),
  };
}

const ipamIfValid = (request: CniRequest): IpamCall | undefined =>
  ifValid(() => request.ipamOf(parseNetworkBase(request.config)));

function ifValid<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

function add(engine: Engine, request: CniRequest, signal: AbortSignal | undefined): Promise<CniResult> {
  const network = parseNetworkConfig(request.config);
  const { key, podNetns: netns, validPod: pod } = request;
  // The runtime's word goes before the pod's, the pod's before the network's.
  const mac = network.runtimeConfig?.mac ?? request.mac ?? network.mac;
  return engine.add({ ...key, netns, pod, network, mac, ipam: request.ipamOf(network) }, signal);
}
