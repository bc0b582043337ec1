/** Which devices the network functions of a wanted state stand on. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { failed } from '../../contract/apply-each.ts';
import type { NetworkFunction, Outcome, Wanted } from '../../contract/data-path.ts';
import { DpuError } from '../../errors.ts';

/** Indices of devices. */
export interface FunctionDevices {
  input: number;
  output: number;
}

/** A chain, or a network function that is in none. */
export interface Placed {
  functions: readonly NetworkFunction[];
  /** Of each of them. */
  devices: readonly FunctionDevices[];
  /** Of the logical bridge whose frames alone they work for. */
  vlan?: number;
}

/** What is wanted, what stands, and which devices there are. */
export interface PlacingOptions {
  wanted: Wanted;
  /** What stands on the switch, by name. */
  before: ReadonlyMap<string, Placed>;
  /** The devices that the MACs of new functions were found to have. */
  found: ReadonlyMap<string, number>;
  /** Names of bridge ports by device: on one node functions and hosts have the same devices. */
  ports: ReadonlyMap<number, string>;
}

/** Where functions are, and what is answered for those that are not. */
export interface Placing {
  placed: Map<string, Placed>;
  outcomes: Map<string, Outcome>;
}

/**
 * A chain that cannot be placed stays as it was. A device that was given to another pod, under another MAC, does not
 * belong to the single function before any more, whether or not its removal was told.
 */
export function placeFunctions({ wanted, before, found, ports }: PlacingOptions): Placing {
  const placed = new Map<string, Placed>();
  const outcomes = new Map<string, Outcome>();
  const fresh: [string, Placed][] = [];
  for (const [name, functions] of allFunctions(wanted)) {
    const former = before.get(name);
    try {
      const vlan = vlanOf(functions, wanted.logicalBridges);
      const now = place(functions, found, former, vlan);
      if (now === former) placed.set(name, now);
      else fresh.push([name, now]);
    } catch (error) {
      outcomes.set(name, failed(error));
      if (former) placed.set(name, former);
    }
  }
  for (const [name, { devices }] of placed) {
    for (const device of devices.flatMap(both)) {
      const port = ports.get(device);
      if (port !== undefined) outcomes.set(port, inUse(port, name));
    }
  }
  for (const [name, now] of fresh) {
    const taken = now.devices.flatMap(both).flatMap((device) => ports.get(device) ?? []);
    const rivals = [...placed].filter(([other, { devices }]) => other !== name && overlap(devices, now.devices));
    const isChain = wanted.serviceChains.has(name);
    const chain = rivals.find(([other]) => isChain || wanted.serviceChains.has(other));
    const owner = taken[0] ?? chain?.[0];
    const former = before.get(name);
    if (owner === undefined) {
      for (const [other] of rivals) placed.delete(other);
      placed.set(name, now);
    } else {
      outcomes.set(name, inUse(name, owner));
      if (former) placed.set(name, former);
    }
  }
  return { placed, outcomes };
}

/** By name; a network function that is in no chain is one of one. */
export function allFunctions({ networkFunctions, serviceChains }: Wanted): Map<string, readonly NetworkFunction[]> {
  const singles = [...networkFunctions].map(([name, single]) => [name, [single]] as const);
  const chains = [...serviceChains].map(([name, chain]) => [name, chain.networkFunctions] as const);
  return new Map<string, readonly NetworkFunction[]>([...singles, ...chains]);
}

/**
 * The host of the SDK has seen to it that functions of one chain name one bridge. A plugin without the limit `perBridge` is
 * told one that is no logical bridge.
 */
function vlanOf(functions: readonly NetworkFunction[], bridges: Wanted['logicalBridges']): number | undefined {
  const bridgeId = functions.find((nf) => nf.bridgeId)?.bridgeId;
  if (bridgeId === undefined) return undefined;
  const bridge = bridges.get(`logicalBridges/${bridgeId}`);
  if (bridge) return bridge.vlanId;
  const text = `bridge_id: functions of this DPU work for all its bridges, not for ${bridgeId} alone; leave it empty`;
  throw new DpuError('INVALID_ARGUMENT', text);
}

function place(
  functions: readonly NetworkFunction[],
  found: ReadonlyMap<string, number>,
  former: Placed | undefined,
  vlan: number | undefined,
): Placed {
  const known = knownDevices(former);
  const deviceOf = (mac: string) => {
    const device = found.get(mac) ?? known.get(mac);
    if (device !== undefined) return device;
    throw new DpuError('NOT_FOUND', `no device of this DPU has MAC ${mac}; give the pod one of them first`);
  };
  const devices = functions.map(({ input, output }) => ({ input: deviceOf(input), output: deviceOf(output) }));
  const all = devices.flatMap(both);
  const twice = all.findIndex((device, index) => all.indexOf(device) !== index);
  if (twice >= 0) {
    const macs = functions.flatMap(both).filter((_, index) => all[index] === all[twice]);
    const text = `input and output: ${macs.join(' and ')} are one device; each interface has one place in one function`;
    throw new DpuError('INVALID_ARGUMENT', text);
  }
  const now = { functions, devices, ...(vlan !== undefined && { vlan }) };
  return former && isDeepStrictEqual(former, now) ? former : now;
}

/** A pod that goes takes its interface along, which is no reason to change what stands. */
function knownDevices({ functions, devices }: Placed = { functions: [], devices: [] }): Map<string, number> {
  const macs = functions.flatMap(both);
  return new Map(devices.flatMap(both).map((device, index) => [macs[index] ?? '', device]));
}

const both = <T>({ input, output }: { input: T; output: T }): [T, T] => [input, output];

function overlap(some: readonly FunctionDevices[], others: readonly FunctionDevices[]): boolean {
  const devices = new Set(some.flatMap(both));
  return others.flatMap(both).some((device) => devices.has(device));
}

function inUse(name: string, owner: string): Outcome {
  return failed(
    new DpuError('FAILED_PRECONDITION', `an interface of ${name} is in use by ${owner}; delete that first`),
  );
}
