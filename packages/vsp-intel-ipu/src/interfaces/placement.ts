/**
 * Which interface of the ACC stands for which port of the hosts and of network functions. Pure. Placements are kept on
 * disk: they say what of the card is ours, also to the next process, and a port keeps its representor.
 */
import {
  type BridgePort,
  type Change,
  DpuError,
  failed,
  logicalBridgesOf,
  type NetworkFunction,
  type Outcome,
  pending,
  type Wanted,
} from '@dpu-operator/sdk';

/** An interface of the ACC and its VSI. */
export interface Representor {
  name: string;
  vsi: number;
}

/** A port outside of the ACC and the interface that stands for it there. */
export interface Pair {
  mac: string;
  vsi: number;
  representor: string;
  representorVsi: number;
}

export interface HostPlacement {
  kind: 'host';
  port: Pair;
  /** Of its logical bridges; none: it is on the default bridge. */
  vlans: readonly number[];
  isTrunk: boolean;
}

/** A chain, or a single network function as a chain of one. In the order in which frames from the hosts pass. */
export interface ChainPlacement {
  kind: 'chain';
  functions: readonly { input: Pair; output: Pair }[];
  /** Of the logical bridge whose frames alone they work for. */
  vlan?: number;
}

export type Placement = HostPlacement | ChainPlacement;
/** By the names of objects in what is wanted. */
export type Placements = ReadonlyMap<string, Placement>;

export interface Available {
  hosts: readonly Representor[];
  functions: readonly { input: Representor; output: Representor }[];
}

export interface PlacingInput {
  wanted: Wanted;
  changed: readonly Change[];
  complete: boolean;
  before: Placements;
  available: Available;
  /** Functions can work for one logical bridge alone. */
  perBridge: boolean;
  /**
   * The VSI of a MAC; undefined where the card knows of none.
   *
   * @throws DpuError UNAVAILABLE while that cannot be told
   */
  vsiOf: (mac: string) => number | undefined;
}

export interface Placing {
  placements: Map<string, Placement>;
  /** Of what is not placed, why. */
  outcomes: Map<string, Outcome>;
}

/** Places what is wanted. What is there and was not heard of yet stays until all that is wanted is known. */
export function place(input: PlacingInput): Placing {
  const { wanted, changed, complete, before, available, perBridge, vsiOf } = input;
  const placements = new Map(before);
  const outcomes = new Map<string, Outcome>();
  const told = new Map(changed.map((change) => [change.name, change.after]));
  for (const name of before.keys()) {
    const isGone = told.has(name) ? told.get(name) === undefined : complete && !isWanted(wanted, name);
    if (isGone) placements.delete(name);
  }
  const attempt = (name: string, run: (old: Placement | undefined) => Placement | Outcome) => {
    const old = placements.get(name);
    placements.delete(name);
    try {
      const placed = run(old);
      if ('kind' in placed) placements.set(name, placed);
      else outcomes.set(name, placed);
    } catch (error) {
      // Of what is placed and was not asked to change, nothing is known to be wrong.
      if (old && !told.has(name)) placements.set(name, old);
      else outcomes.set(name, failed(error));
    }
  };
  for (const [name, port] of wanted.bridgePorts) {
    attempt(name, (old) =>
      hostPlacement(
        port,
        logicalBridgesOf(wanted, port).map(({ vlanId }) => vlanId),
        old,
      ),
    );
  }
  for (const [name, nf] of wanted.networkFunctions) attempt(name, (old) => chainPlacement([nf], old));
  for (const [name, chain] of wanted.serviceChains) attempt(name, (old) => chainPlacement(chain.networkFunctions, old));
  return { placements, outcomes };

  function hostPlacement(port: BridgePort, vlans: readonly number[], old: Placement | undefined): Placement | Outcome {
    const vsi = vsiOf(port.macAddress);
    if (vsi === undefined) {
      return pending(`the card knows no function with MAC ${port.macAddress} yet; it is looked for again`);
    }
    const former = old?.kind === 'host' ? old.port.representor : undefined;
    const representor = free(available.hosts, (one) => [one], former);
    if (!representor) throw exhausted(`host ports (settings.representors.hosts has ${available.hosts.length})`);
    const { macAddress: mac } = port;
    return { kind: 'host', port: pairOf(mac, vsi, representor), vlans, isTrunk: port.type === 'TRUNK' };
  }

  function chainPlacement(functions: readonly NetworkFunction[], old: Placement | undefined): Placement {
    const vlan = vlanOf(functions);
    const taken = new Set<string>();
    const placed = functions.map(({ input, output }, index) => {
      const former = old?.kind === 'chain' ? old.functions[index]?.input.representor : undefined;
      const both = free(available.functions, (pair) => [pair.input, pair.output], former, taken);
      if (!both)
        throw exhausted(`network functions (settings.representors.functions has ${available.functions.length})`);
      taken.add(both.input.name);
      return {
        input: pairOf(input, functionVsi(input), both.input),
        output: pairOf(output, functionVsi(output), both.output),
      };
    });
    return { kind: 'chain', functions: placed, ...(vlan !== undefined && { vlan }) };
  }

  /** The host of the SDK has seen to it that functions of one chain name one bridge, which is there. */
  function vlanOf(functions: readonly NetworkFunction[]): number | undefined {
    const bridgeId = functions.find((nf) => nf.bridgeId)?.bridgeId;
    if (bridgeId === undefined) return undefined;
    const bridge = perBridge ? wanted.logicalBridges.get(`logicalBridges/${bridgeId}`) : undefined;
    if (bridge) return bridge.vlanId;
    const text = `bridge_id: with Linux bridges no function works for ${bridgeId} alone; leave it empty, or set bridge to ovs`;
    throw new DpuError('INVALID_ARGUMENT', text);
  }

  function functionVsi(mac: string): number {
    const vsi = vsiOf(mac);
    if (vsi !== undefined) return vsi;
    throw new DpuError(
      'NOT_FOUND',
      `the card has no interface with MAC ${mac}; leave the MACs of network functions as they are`,
    );
  }

  function free<T>(
    all: readonly T[],
    interfaces: (one: T) => readonly Representor[],
    former: string | undefined,
    alsoTaken: ReadonlySet<string> = new Set(),
  ): T | undefined {
    const used = new Set([...representorsOf(placements.values()), ...alsoTaken]);
    const left = all.filter((one) => interfaces(one).every(({ name }) => !used.has(name)));
    return left.find((one) => interfaces(one)[0]?.name === former) ?? left[0];
  }
}

/** The interfaces of the ACC that are in use. */
function representorsOf(placements: Iterable<Placement>): string[] {
  return [...placements].flatMap(pairsOf).map(({ representor }) => representor);
}

export function pairsOf(placement: Placement): Pair[] {
  if (placement.kind === 'host') return [placement.port];
  return placement.functions.flatMap(({ input, output }) => [input, output]);
}

function pairOf(mac: string, vsi: number, { name, vsi: representorVsi }: Representor): Pair {
  return { mac, vsi, representor: name, representorVsi };
}

function isWanted({ bridgePorts, networkFunctions, serviceChains }: Wanted, name: string): boolean {
  return bridgePorts.has(name) || networkFunctions.has(name) || serviceChains.has(name);
}

function exhausted(what: string): DpuError {
  return new DpuError('RESOURCE_EXHAUSTED', `no interface of the ACC is left for more ${what}`);
}
