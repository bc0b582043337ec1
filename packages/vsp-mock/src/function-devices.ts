/** The devices of network functions, and what else has a device. */
import { DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import type { DpuSide, DpuState } from './dpu-side.ts';
import { representorName, vfOfBridgePort } from './names.ts';

/** Indices of devices. */
export interface FunctionDevices {
  input: number;
  output: number;
}

export const sameFunction = (a: NetworkFunction, b: NetworkFunction) => functionKey(a) === functionKey(b);

/** One network function is one pair of MACs. */
export const functionKey = ({ input, output }: NetworkFunction) => `${input} ${output}`.toLowerCase();

/**
 * The devices that network functions stand on, in their order.
 *
 * @throws DpuError NOT_FOUND for a MAC that no device has, INVALID_ARGUMENT for a device that is named twice or a bridge
 */
export async function functionDevices(nfs: readonly NetworkFunction[], dpu: DpuSide): Promise<FunctionDevices[]> {
  const named = nfs.find((nf) => nf.bridgeId);
  if (named) {
    const text = `bridge_id: a software DPU has one bridge, not ${named.bridgeId}; leave it empty`;
    throw new DpuError('INVALID_ARGUMENT', text);
  }
  const macs = nfs.flatMap(({ input, output }) => [input, output]);
  const devices = await dpu.devicesOf(macs);
  for (const [index, device] of devices.entries()) {
    const first = devices.indexOf(device);
    if (first === index) continue;
    const twins = [macs[first], macs[index]].join(' and ');
    const text = `input and output: ${twins} are one device; each interface has one place in one network function`;
    throw new DpuError('INVALID_ARGUMENT', text);
  }
  return nfs.map((_, index) => ({ input: devices[2 * index] ?? -1, output: devices[2 * index + 1] ?? -1 }));
}

/** @throws DpuError FAILED_PRECONDITION for a device that is a bridge port of the host side */
export function requireNoBridgePort(functions: readonly FunctionDevices[], state: DpuState, dpu: DpuSide): void {
  if (!dpu.handsOutVfs) return;
  const port = [...state.bridgePorts.keys()].find((name) => isOn(functions, vfOfBridgePort(name)));
  if (port === undefined) return;
  const text = `${representorName(vfOfBridgePort(port))} is bridge port ${port}; delete that first`;
  throw new DpuError('FAILED_PRECONDITION', text);
}

/** @throws DpuError FAILED_PRECONDITION for a device that a chain holds, other than the one of that id */
export function requireNoChain(functions: readonly FunctionDevices[], state: DpuState, except?: string): void {
  for (const [id, held] of state.chains) {
    if (id === except || !held.functions.some(({ input, output }) => isOn(functions, input) || isOn(functions, output)))
      continue;
    throw new DpuError('FAILED_PRECONDITION', `an interface is in use by chain ${id}; delete or update that first`);
  }
}

/** @throws DpuError FAILED_PRECONDITION for a device of a network function that is in no chain */
export function requireNoSingle(functions: readonly FunctionDevices[], state: DpuState): void {
  for (const [key, { input, output }] of state.networkFunctions) {
    if (!isOn(functions, input) && !isOn(functions, output)) continue;
    const text = `an interface is in use by network function ${key.replace(' ', ' and ')}; delete that first`;
    throw new DpuError('FAILED_PRECONDITION', text);
  }
}

export const isOn = (functions: readonly FunctionDevices[], device: number) =>
  functions.some(({ input, output }) => input === device || output === device);
