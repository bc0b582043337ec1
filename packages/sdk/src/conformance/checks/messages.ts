/** Requests that a well-behaved daemon would send, and what their answers hold. */
import type { NetworkFunction } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';
import type { BridgePort__Output } from '../../generated/opi_api/network/evpn_gw/v1alpha1/BridgePort.ts';
import type { BridgePortSpec } from '../../generated/opi_api/network/evpn_gw/v1alpha1/BridgePortSpec.ts';
import type { LogicalBridge__Output } from '../../generated/opi_api/network/evpn_gw/v1alpha1/LogicalBridge.ts';
import type { LogicalBridgeSpec } from '../../generated/opi_api/network/evpn_gw/v1alpha1/LogicalBridgeSpec.ts';
import { bridgePortService, logicalBridgeService, serviceChainService } from '../../wire/grpc/definitions.ts';
import type { Vsp } from '../vsp/vsp.ts';

/** Locally administered, and of no device. */
export function macOf(index: number): Buffer {
  const mac = Buffer.from('02c000000000', 'hex');
  mac.writeUInt32BE(index, 2);
  return mac;
}

/** What the host side's daemon asks for. */
export function accessPort(index: number, changes: BridgePortSpec = {}): BridgePortSpec {
  const logicalBridges = [String(index + 2)];
  return { macAddress: macOf(index), ptype: 'BRIDGE_PORT_TYPE_ACCESS', logicalBridges, ...changes };
}

export function createPort(vsp: Vsp, id: string, spec: BridgePortSpec): Promise<BridgePort__Output> {
  return vsp.call(bridgePortService.CreateBridgePort, { bridgePortId: id, bridgePort: { name: id, spec } });
}

export function getPort(vsp: Vsp, id: string): Promise<BridgePort__Output> {
  return vsp.call(bridgePortService.GetBridgePort, { name: `bridgePorts/${id}` });
}

export async function deletePort(vsp: Vsp, id: string, allowMissing = false): Promise<void> {
  await vsp.call(bridgePortService.DeleteBridgePort, { name: id, allowMissing });
}

/** `logicalBridges/`-less ids that the suite uses; no VLAN twice, as a VSP may refuse that. */
export const bridges = [
  { id: 'conformance-a', spec: { vlanId: 3901 } },
  { id: 'conformance-b', spec: { vlanId: 3902 } },
] as const;

export function createBridge(vsp: Vsp, id: string, spec: LogicalBridgeSpec): Promise<LogicalBridge__Output> {
  return vsp.call(logicalBridgeService.CreateLogicalBridge, { logicalBridgeId: id, logicalBridge: { name: id, spec } });
}

export function getBridge(vsp: Vsp, id: string): Promise<LogicalBridge__Output> {
  return vsp.call(logicalBridgeService.GetLogicalBridge, { name: `logicalBridges/${id}` });
}

export async function deleteBridge(vsp: Vsp, id: string, allowMissing = false): Promise<void> {
  await vsp.call(logicalBridgeService.DeleteLogicalBridge, { name: id, allowMissing });
}

export function createChain(vsp: Vsp, id: string, networkFunctions: readonly NetworkFunction[]) {
  const serviceChain = { name: id, networkFunctions: [...networkFunctions] };
  return vsp.call(serviceChainService.CreateServiceChain, { serviceChainId: id, serviceChain });
}

export function getChain(vsp: Vsp, id: string) {
  return vsp.call(serviceChainService.GetServiceChain, { name: `serviceChains/${id}` });
}

export async function deleteChain(vsp: Vsp, id: string, allowMissing = false): Promise<void> {
  await vsp.call(serviceChainService.DeleteServiceChain, { name: id, allowMissing });
}

/** Of a function that no DPU has. */
export const unknownFunction: NetworkFunction = { input: '02:c0:f0:ff:ff:01', output: '02:c0:f0:ff:ff:02' };

/** @param skip Throws Skip, or answers in place of a card that cannot do it, and says so. */
export async function unlessUnimplemented<T, Otherwise>(
  call: Promise<T>,
  what: string,
  skip: (reason: string) => Otherwise,
): Promise<T | Otherwise> {
  try {
    return await call;
  } catch (error) {
    const { code, message } = DpuError.from(error);
    return code === 'UNIMPLEMENTED' ? skip(`the card has no ${what}: ${message}`) : Promise.reject(error);
  }
}

/** All pages. */
async function listAll<T>(list: (pageToken: string) => Promise<{ items: T[]; next: string }>): Promise<T[]> {
  const all: T[] = [];
  let pageToken = '';
  do {
    const { items, next } = await list(pageToken);
    all.push(...items);
    pageToken = next;
  } while (pageToken !== '');
  return all;
}

export function listPorts(vsp: Vsp, pageSize = 0): Promise<BridgePort__Output[]> {
  return listAll(async (pageToken) => {
    const page = await vsp.call(bridgePortService.ListBridgePorts, { pageSize, pageToken });
    return { items: page.bridgePorts, next: page.nextPageToken };
  });
}

export function listBridges(vsp: Vsp, pageSize = 0): Promise<LogicalBridge__Output[]> {
  return listAll(async (pageToken) => {
    const page = await vsp.call(logicalBridgeService.ListLogicalBridges, { pageSize, pageToken });
    return { items: page.logicalBridges, next: page.nextPageToken };
  });
}

export function listChains(vsp: Vsp, pageSize = 0) {
  return listAll(async (pageToken) => {
    const page = await vsp.call(serviceChainService.ListServiceChains, { pageSize, pageToken });
    return { items: page.serviceChains, next: page.nextPageToken };
  });
}
