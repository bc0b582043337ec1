/**
 * Which bridges there are and what is on them.
 *
 *     host ports ─ acme-hosts ─ uplink                                             without network functions
 *     host ports ─ acme-hosts ─[in f1 out]─ acme-hop ─[in f2 out]─ acme-outside ─ uplink     with a chain of two
 *
 * Functions that stand by themselves lead from `acme-hosts` to `acme-outside` side by side, and so do several chains;
 * their ports there are isolated from each other, or two that bridge would be a loop. A logical bridge is a
 * bridge of its own with no way outside: without VLANs an uplink could not tell them apart.
 */
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import { HOSTS, hopName, lanName, OUTSIDE, representorName, vfOfBridgePort } from './names.ts';
import { bridgePortAlias, type DpuState, functionAlias, logicalBridgeAlias } from './state.ts';
import type { Port } from './wanted.ts';

export interface Layout {
  /** With their aliases. */
  bridges: Map<string, string | undefined>;
  ports: Map<string, Port>;
}

/**
 * @param functionPort Names the node's end of a network function's device.
 * @throws DpuError NOT_FOUND, INVALID_ARGUMENT for a bridge port that cannot be
 */
export function layOut(state: DpuState, uplink: string, functionPort: (index: number) => string): Layout {
  const bridges = new Map<string, string | undefined>();
  const ports = new Map<string, Port>();
  for (const bridge of state.logicalBridges.values()) bridges.set(lanName(bridge.vlanId), logicalBridgeAlias(bridge));
  for (const port of state.bridgePorts.values()) {
    const name = representorName(vfOfBridgePort(port.name));
    const bridge = bridgeOf(port, state);
    ports.set(name, { ...(bridge !== undefined && { bridge }), alias: bridgePortAlias(port) });
  }
  for (const placed of state.functions) {
    const { chain, position, inputIndex, outputIndex } = placed;
    const inChain = (at: number) => state.functions.find((other) => other.chain === chain && other.position === at);
    const before = chain === undefined ? undefined : inChain(position - 1);
    const after = chain === undefined ? undefined : inChain(position + 1);
    const input = before ? hopName(before.outputIndex) : HOSTS;
    const output = after ? hopName(outputIndex) : OUTSIDE;
    const isolated = (bridge: string) => bridge === HOSTS || bridge === OUTSIDE;
    ports.set(functionPort(inputIndex), { bridge: input, isolated: isolated(input), alias: functionAlias(placed) });
    ports.set(functionPort(outputIndex), { bridge: output, isolated: isolated(output), alias: '' });
  }
  const hasDefault = [...ports.values()].some(({ bridge }) => bridge === HOSTS);
  if (hasDefault) ports.set(uplink, { bridge: state.functions.length > 0 || state.closed ? OUTSIDE : HOSTS });
  for (const { bridge } of ports.values()) {
    if (bridge !== undefined && !bridges.has(bridge)) bridges.set(bridge, undefined);
  }
  return { bridges, ports };
}

/**
 * None for a trunk of several bridges: without VLANs its frames cannot be told apart, so none pass, and its status says
 * so.
 */
function bridgeOf({ type, logicalBridges }: BridgePort, state: DpuState): string | undefined {
  const bridges = new Set(logicalBridges.map((name) => bridgeNamed(name, state)));
  if (type === 'ACCESS' && logicalBridges.length > 1) {
    const names = logicalBridges.join(', ');
    throw new DpuError('INVALID_ARGUMENT', `bridge_port.spec.logical_bridges: an ACCESS port is on one, not ${names}`);
  }
  if (bridges.size > 1) return undefined;
  const [bridge = HOSTS] = bridges;
  return bridge;
}

/** A bare number that names no logical bridge is what host sides send for a VF of their own: the hosts' bridge. */
function bridgeNamed(name: string, state: DpuState): string {
  const bridge = state.logicalBridges.get(fullName(name));
  if (bridge) return lanName(bridge.vlanId);
  if (/^\d+$/.test(name)) return HOSTS;
  const text = `bridge_port.spec.logical_bridges: ${name} does not exist; create it first`;
  throw new DpuError('NOT_FOUND', text);
}

/** Bridge ports name logical bridges by `logicalBridges/{id}` or by the bare id. */
export const fullName = (name: string) => (name.startsWith('logicalBridges/') ? name : `logicalBridges/${name}`);
