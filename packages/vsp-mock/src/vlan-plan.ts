/**
 * Which ports the bridge has and which VLANs they carry. Pure: the whole picture in, the whole configuration out, so
 * that a change is one transaction.
 *
 * Without a network function, host ports and uplink are one segment. With network functions there are two: host ports
 * and inputs are the inside, outputs and uplink the outside, and only a network function leads from one to the other.
 * The outside is transparent: its frames, with or without a tag, travel within a service VLAN (IEEE 802.1ad) that no
 * logical bridge uses.
 *
 * Several network functions stand side by side. They may route; at most one of them may bridge its two ports, as two
 * that do are a loop.
 */
import { DpuError, type LogicalBridge } from '@dpu-operator/sdk';
import { bareName } from './names.ts';

export interface HostPort {
  device: string;
  type: 'ACCESS' | 'TRUNK';
  logicalBridges: readonly string[];
}

export interface SwitchState {
  hostPorts: readonly HostPort[];
  logicalBridges: readonly Pick<LogicalBridge, 'name' | 'vlanId'>[];
  /** Device names. */
  networkFunctions: readonly { input: string; output: string }[];
  uplink?: string | undefined;
}

/** Port settings in the terms of Open vSwitch (ovs-vswitchd.conf.db(5), table Port). */
export interface PortPlan {
  device: string;
  mode: 'access' | 'trunk' | 'native-untagged' | 'dot1q-tunnel';
  tag?: number;
  /** Empty: none are given. */
  trunks: readonly number[];
}

/** The VLAN of untagged frames: the default bridge. */
const DEFAULT_VLAN = 0;
const MAX_VLAN = 4094;

/**
 * @throws DpuError NOT_FOUND for a logical bridge that does not exist, INVALID_ARGUMENT for an access port of several,
 * RESOURCE_EXHAUSTED when no VLAN is left for the outside
 */
export function planPorts(state: SwitchState): PortPlan[] {
  const allVlans = [DEFAULT_VLAN, ...state.logicalBridges.map((bridge) => bridge.vlanId)].sort((a, b) => a - b);
  const inside = (device: string): PortPlan => ({
    device,
    mode: 'native-untagged',
    tag: DEFAULT_VLAN,
    trunks: allVlans,
  });
  const plans = state.hostPorts.map((port) => planHostPort(port, state.logicalBridges));
  if (state.networkFunctions.length === 0) {
    return state.uplink === undefined ? plans : [...plans, inside(state.uplink)];
  }
  const tag = freeVlan(allVlans);
  const outside = (device: string): PortPlan => ({ device, mode: 'dot1q-tunnel', tag, trunks: [] });
  for (const { input, output } of state.networkFunctions) plans.push(inside(input), outside(output));
  if (state.uplink !== undefined) plans.push(outside(state.uplink));
  return plans;
}

function planHostPort(port: HostPort, bridges: SwitchState['logicalBridges']): PortPlan {
  const { device } = port;
  const vlans = [...new Set(port.logicalBridges.map((name) => vlanOf(name, bridges)))].sort((a, b) => a - b);
  if (port.type === 'ACCESS') {
    if (vlans.length > 1) {
      const names = port.logicalBridges.join(', ');
      throw new DpuError('INVALID_ARGUMENT', `bridge_port.spec.logical_bridges: an ACCESS port has one, not ${names}`);
    }
    return { device, mode: 'access', tag: vlans[0] ?? DEFAULT_VLAN, trunks: [] };
  }
  // A trunk without any native VLAN drops untagged frames; one on the default bridge must not.
  const native = vlans.length === 0 || vlans.includes(DEFAULT_VLAN);
  if (native)
    return { device, mode: 'native-untagged', tag: DEFAULT_VLAN, trunks: [DEFAULT_VLAN, ...vlans.filter(Boolean)] };
  return { device, mode: 'trunk', trunks: vlans };
}

/**
 * The VLAN of a logical bridge. A bare number that names none is not a VLAN to keep apart: host sides send a number
 * of their own for every VF, and their pods are meant to reach each other.
 */
function vlanOf(name: string, bridges: SwitchState['logicalBridges']): number {
  const id = bareName(name, 'logicalBridges');
  const bridge = bridges.find((candidate) => bareName(candidate.name, 'logicalBridges') === id);
  if (bridge) return bridge.vlanId;
  if (/^\d+$/.test(name)) return DEFAULT_VLAN;
  throw new DpuError('NOT_FOUND', `logical bridge ${JSON.stringify(name)} does not exist; create it first`);
}

function freeVlan(used: readonly number[]): number {
  for (let vlan = MAX_VLAN; vlan > 0; vlan--) if (!used.includes(vlan)) return vlan;
  throw new DpuError(
    'RESOURCE_EXHAUSTED',
    'logical bridges use all 4094 VLANs; network functions need one, delete one',
  );
}
