/** What an object must be to have a place in the wanted state. */
import type { Limits } from '../../contract/contract.ts';
import type { BridgePort, LogicalBridge, NetworkFunction } from '../../contract/data-path.ts';
import { DpuError } from '../../errors.ts';
import { bareId } from '../../wire/mapping/names.ts';
import { all, type Entry, type Kind, type State } from './state.ts';

/** @throws DpuError saying why the object cannot be there. */
export function checkEntry(state: State, name: string, entry: Entry, limits: Limits): void {
  if (!state.has(name)) checkCount(state, entry.kind, limits);
  switch (entry.kind) {
    case 'logicalBridge':
      checkBridge(state, name, entry.content, limits);
      break;
    case 'bridgePort':
      checkPort(state, entry.content, limits);
      break;
    case 'networkFunction':
      checkFunctions(state, name, [entry.content], limits);
      break;
    case 'serviceChain':
      checkFunctions(state, name, entry.content.networkFunctions, limits);
      break;
  }
}

const counted: Record<Kind, { limit: keyof Limits; noun: string }> = {
  logicalBridge: { limit: 'maxLogicalBridges', noun: 'logical bridges' },
  bridgePort: { limit: 'maxBridgePorts', noun: 'bridge ports' },
  networkFunction: { limit: 'maxNetworkFunctions', noun: 'network functions' },
  serviceChain: { limit: 'maxChains', noun: 'chains' },
};

function checkCount(state: State, kind: Kind, limits: Limits): void {
  const { limit, noun } = counted[kind];
  const most = limits[limit];
  if (typeof most !== 'number' || all(state, kind).size < most) return;
  throw new DpuError('RESOURCE_EXHAUSTED', `the card has ${most} ${noun} at most; delete one first`);
}

function checkBridge(state: State, name: string, bridge: LogicalBridge, limits: Limits): void {
  const { vlanId, vni, vtepIpPrefix } = bridge;
  if (limits.vxlan === false && (vni !== undefined || vtepIpPrefix !== undefined)) {
    const field = vni === undefined ? 'vtep_ip_prefix' : 'vni';
    throw new DpuError('UNIMPLEMENTED', `logical_bridge.spec.${field}: this card has no VXLAN; leave it out`);
  }
  for (const [other, { vlanId: taken }] of all(state, 'logicalBridge')) {
    if (other === name || taken !== vlanId) continue;
    throw new DpuError('INVALID_ARGUMENT', `logical_bridge.spec.vlan_id: ${other} has VLAN ${vlanId}; take another`);
  }
}

function checkPort(state: State, { type, logicalBridges }: BridgePort, limits: Limits): void {
  const field = 'bridge_port.spec.logical_bridges';
  if (type === 'TRUNK' && limits.trunk === false) {
    throw new DpuError('UNIMPLEMENTED', 'bridge_port.spec.ptype: this card has no trunks; make it ACCESS');
  }
  if (type === 'ACCESS' && logicalBridges.length > 1) {
    throw new DpuError('INVALID_ARGUMENT', `${field}: an ACCESS port is on one at most, not ${logicalBridges.length}`);
  }
  for (const used of logicalBridges) {
    // A bare number that names none is a placeholder of the Go operator's host side.
    if (/^\d+$/.test(used) || state.has(`logicalBridges/${bareId('logicalBridges', used)}`)) continue;
    throw new DpuError('NOT_FOUND', `${field}: there is no logical bridge ${used}; create it first`);
  }
}

/** Each interface has one user. */
function checkFunctions(state: State, name: string, functions: readonly NetworkFunction[], limits: Limits): void {
  if (limits.perBridge) checkBridgeOf(state, functions);
  const macs = functions.flatMap(({ input, output }) => [input, output]);
  const twice = macs.find((mac, index) => macs.indexOf(mac) < index);
  if (twice !== undefined) {
    throw new DpuError('INVALID_ARGUMENT', `${twice} is there twice; each interface has one place in one function`);
  }
  for (const [other, entry] of state) {
    if (other === name) continue;
    const taken = interfacesOf(entry).find((mac) => macs.includes(mac));
    if (taken === undefined) continue;
    throw new DpuError('FAILED_PRECONDITION', `${taken} is in use by ${other}; update or delete that first`);
  }
}

function checkBridgeOf(state: State, functions: readonly NetworkFunction[]): void {
  const [id, ...others] = new Set(functions.map(({ bridgeId = '' }) => bridgeId));
  if (others.length > 0) {
    throw new DpuError('INVALID_ARGUMENT', 'bridge_id: all functions of a chain work for one bridge, or for all');
  }
  if (!id || state.has(`logicalBridges/${id}`)) return;
  throw new DpuError('NOT_FOUND', `bridge_id: there is no logical bridge ${id}; create it first`);
}

function interfacesOf(entry: Entry): string[] {
  const functions = entry.kind === 'networkFunction' ? [entry.content] : [];
  const chained = entry.kind === 'serviceChain' ? entry.content.networkFunctions : [];
  return [...functions, ...chained].flatMap(({ input, output }) => [input, output]);
}
