/** What a target (a VSP, or the daemon on the DPU) is asked to hold: each kind of thing, its key and its equality. */
import type { BridgePort, NetworkFunction } from '@dpu-operator/sdk';
import type { AttachedFunction } from '../attach/collaborators.ts';

export interface BridgePortItem {
  kind: 'bridgePort';
  /** `name` is what the target knows it by. */
  port: BridgePort;
}

/** A network function that belongs to no chain, or to one that the target takes function by function. */
export interface NetworkFunctionItem {
  kind: 'networkFunction';
  networkFunction: AttachedFunction;
}

export interface ChainItem {
  kind: 'chain';
  id: string;
  /** All with the logical bridge that the chain is for. */
  networkFunctions: readonly AttachedFunction[];
}

export type Item = BridgePortItem | NetworkFunctionItem | ChainItem;

/** The id in a resource name; a bare id is its own. */
export const bridgePortId = (name: string): string => name.replace(/^bridgePorts\//, '');

export const bridgePortKey = (name: string): string => `bridgePort/${bridgePortId(name)}`;
export const chainKey = (id: string): string => `chain/${id}`;
export const networkFunctionId = ({ input, output }: NetworkFunction): string => `${input}-${output}`;
export const networkFunctionKey = (nf: NetworkFunction): string => `networkFunction/${networkFunctionId(nf)}`;

export function keyOf(item: Item): string {
  switch (item.kind) {
    case 'bridgePort':
      return bridgePortKey(item.port.name);
    case 'networkFunction':
      return networkFunctionKey(item.networkFunction);
    case 'chain':
      return chainKey(item.id);
  }
}

/** Whether two items of one key are the same, so that there is nothing to do. */
export function sameItem(a: Item, b: Item): boolean {
  if (a.kind === 'bridgePort' && b.kind === 'bridgePort') return sameBridgePort(a.port, b.port);
  if (a.kind === 'chain' && b.kind === 'chain') return sameFunctions(a.networkFunctions, b.networkFunctions);
  if (a.kind !== 'networkFunction' || b.kind !== 'networkFunction') return false;
  return sameFunctions([a.networkFunction], [b.networkFunction]);
}

export function sameBridgePort(a: BridgePort, b: BridgePort): boolean {
  return a.macAddress === b.macAddress && a.type === b.type && a.logicalBridges.join() === b.logicalBridges.join();
}

/** The same interfaces in the same order, for the same bridges. */
export function sameFunctions(a: readonly AttachedFunction[], b: readonly AttachedFunction[]): boolean {
  const content = (nf: AttachedFunction) => `${networkFunctionId(nf)} ${nf.bridgeId ?? ''} ${nf.logicalBridge ?? ''}`;
  return a.map(content).join() === b.map(content).join();
}

/** Whether they need one interface: the target gives it to the second when the first has let go of it. */
export function shareInterface(a: Item, b: Item): boolean {
  const interfaces = new Set(interfacesOf(a));
  return interfacesOf(b).some((mac) => interfaces.has(mac));
}

function interfacesOf(item: Item): string[] {
  if (item.kind === 'bridgePort') return [];
  const functions = item.kind === 'chain' ? item.networkFunctions : [item.networkFunction];
  return functions.flatMap(({ input, output }) => [input, output]);
}
