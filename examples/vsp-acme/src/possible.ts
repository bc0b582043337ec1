/** What an Acme DPU cannot do of what is wanted. What no card could is refused by the plugin host before. */
import { type Change, DpuError, failed, type NetworkFunction, type Outcome, type Wanted } from '@dpu-operator/sdk';
import { representors, vfOfBridgePort } from './names.ts';

export interface FunctionDevices {
  /**
   * Index of the device that was made with a MAC.
   *
   * @throws DpuError NOT_FOUND where there is none
   */
  indexOf(mac: string): number;
  /** Network functions are given VFs: host and DPU are one node. */
  areVfs: boolean;
}

export interface Possible {
  /** What is wanted, without what cannot be: of that, what was there before. */
  wanted: Wanted;
  /** By name, why it cannot be. */
  failed: Map<string, Outcome>;
}

/** Looks at each change beside what is wanted otherwise. */
export function possibleOf(wanted: Wanted, changed: readonly Change[], devices: FunctionDevices): Possible {
  const byKind = {
    logicalBridge: new Map(wanted.logicalBridges),
    bridgePort: new Map(wanted.bridgePorts),
    networkFunction: new Map(wanted.networkFunctions),
    serviceChain: new Map(wanted.serviceChains),
  };
  const possible: Wanted = {
    logicalBridges: byKind.logicalBridge,
    bridgePorts: byKind.bridgePort,
    networkFunctions: byKind.networkFunction,
    serviceChains: byKind.serviceChain,
  };
  const faults = new Map<string, Outcome>();
  for (const { kind, name } of changed) byKind[kind].delete(name);
  for (const change of changed) {
    const { kind, name, before, after } = change;
    const ofKind: Map<string, unknown> = byKind[kind];
    try {
      requirePossible(change, possible, devices);
      if (after) ofKind.set(name, after);
    } catch (error) {
      faults.set(name, failed(error));
      if (before) ofKind.set(name, before);
    }
  }
  return { wanted: possible, failed: faults };
}

function requirePossible({ kind, after }: Change, wanted: Wanted, devices: FunctionDevices): void {
  if (after === undefined) return;
  if (kind === 'bridgePort') requirePort(after.name, wanted, devices);
  if (kind === 'networkFunction') requireFunction(after, wanted, devices);
  if (kind === 'serviceChain') for (const nf of after.networkFunctions) requireFunction(nf, wanted, devices);
}

function requirePort(name: string, wanted: Wanted, devices: FunctionDevices): void {
  const vf = vfOfBridgePort(name);
  if (!devices.areVfs) return;
  const inChains = [...wanted.serviceChains.values()].flatMap((chain) => chain.networkFunctions);
  const functions = [...wanted.networkFunctions.values(), ...inChains];
  if (!functions.some((nf) => [nf.input, nf.output].some((mac) => devices.indexOf(mac) === vf))) return;
  const text = `${representors.name(vf)} belongs to a network function; delete that first`;
  throw new DpuError('FAILED_PRECONDITION', text);
}

function requireFunction({ input, output, bridgeId }: NetworkFunction, wanted: Wanted, devices: FunctionDevices): void {
  if (bridgeId) {
    throw new DpuError('INVALID_ARGUMENT', `bridge_id: an Acme DPU has no bridge ${bridgeId}; leave it empty`);
  }
  const used = [devices.indexOf(input), devices.indexOf(output)];
  if (!devices.areVfs) return;
  const port = [...wanted.bridgePorts.keys()].find((name) => used.includes(vfOfBridgePort(name)));
  if (port === undefined) return;
  throw new DpuError('FAILED_PRECONDITION', `a device of the function is ${port}; delete that first`);
}
