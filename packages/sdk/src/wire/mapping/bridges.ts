/** Bridge ports and logical bridges: wire <-> contract. */
import type {
  BridgePort,
  BridgePortType,
  Component,
  LogicalBridge,
  OperStatus,
  ResourceStatus,
} from '../../contract/data-path.ts';
import { DpuError } from '../../errors.ts';
import type {
  BridgePort__Output,
  BridgePort as WireBridgePort,
} from '../../generated/opi_api/network/evpn_gw/v1alpha1/BridgePort.ts';
import type {
  LogicalBridge__Output,
  LogicalBridge as WireLogicalBridge,
} from '../../generated/opi_api/network/evpn_gw/v1alpha1/LogicalBridge.ts';
import { macFromBytes, macToBytes } from './mac.ts';
import { resourceName } from './names.ts';
import { prefixFromWire, prefixToWire } from './prefix.ts';

/**
 * A bridge port as the contract has it, from a message of gRPC.
 *
 * @throws DpuError INVALID_ARGUMENT naming the wrong field.
 */
export function bridgePortFromWire(port: BridgePort__Output): BridgePort {
  const name = resourceName('bridgePorts', port.name, 'bridge_port.name');
  const { spec } = port;
  if (!spec) throw new DpuError('INVALID_ARGUMENT', 'bridge_port.spec is missing');
  return {
    name,
    macAddress: macFromBytes(spec.macAddress, 'bridge_port.spec.mac_address'),
    type: bridgePortType(spec.ptype),
    logicalBridges: spec.logicalBridges,
    ...statusFromWire(port.status, 'BP_OPER_STATUS_'),
  };
}

/**
 * A bridge port as a message of gRPC.
 *
 * @throws DpuError INVALID_ARGUMENT when the MAC address is none.
 */
export function bridgePortToWire(port: BridgePort): WireBridgePort {
  return {
    name: port.name,
    spec: {
      macAddress: macToBytes(port.macAddress),
      ptype: `BRIDGE_PORT_TYPE_${port.type}`,
      logicalBridges: port.logicalBridges,
    },
    ...(port.operStatus && {
      status: { operStatus: `BP_OPER_STATUS_${port.operStatus}`, components: componentsToWire(port) },
    }),
  };
}

/** @throws DpuError INVALID_ARGUMENT naming the wrong field. */
export function logicalBridgeFromWire(bridge: LogicalBridge__Output): LogicalBridge {
  const name = resourceName('logicalBridges', bridge.name, 'logical_bridge.name');
  const { spec } = bridge;
  if (!spec || spec.vlanId < 1 || spec.vlanId > 4094) {
    const is = spec ? spec.vlanId : 'missing';
    throw new DpuError('INVALID_ARGUMENT', `logical_bridge.spec.vlan_id must be 1 to 4094, is ${is}`);
  }
  const prefix = spec.vtepIpPrefix;
  return {
    name,
    vlanId: spec.vlanId,
    ...(spec.vni !== undefined && { vni: spec.vni }),
    ...(prefix && { vtepIpPrefix: prefixFromWire(prefix, 'logical_bridge.spec.vtep_ip_prefix') }),
    ...statusFromWire(bridge.status, 'LB_OPER_STATUS_'),
  };
}

/** @throws DpuError INVALID_ARGUMENT when vtepIpPrefix is no address and length. */
export function logicalBridgeToWire(bridge: LogicalBridge): WireLogicalBridge {
  return {
    name: bridge.name,
    spec: {
      vlanId: bridge.vlanId,
      ...(bridge.vni !== undefined && { vni: bridge.vni }),
      ...(bridge.vtepIpPrefix !== undefined && { vtepIpPrefix: prefixToWire(bridge.vtepIpPrefix) }),
    },
    ...(bridge.operStatus && {
      status: { operStatus: `LB_OPER_STATUS_${bridge.operStatus}`, components: componentsToWire(bridge) },
    }),
  };
}

function bridgePortType(wire: string): BridgePortType {
  if (wire === 'BRIDGE_PORT_TYPE_ACCESS') return 'ACCESS';
  if (wire === 'BRIDGE_PORT_TYPE_TRUNK') return 'TRUNK';
  throw new DpuError('INVALID_ARGUMENT', `bridge_port.spec.ptype must be ACCESS or TRUNK, is ${wire}`);
}

const operStatuses: readonly OperStatus[] = ['UP', 'DOWN', 'TO_BE_DELETED'];
const componentStatuses: readonly Component['status'][] = ['PENDING', 'SUCCESS', 'ERROR'];

interface WireStatus {
  operStatus: string;
  components: readonly { name: string; status: string; details: string }[];
}

function statusFromWire(wire: WireStatus | null, prefix: string): ResourceStatus {
  const operStatus = operStatuses.find((status) => wire?.operStatus === `${prefix}${status}`);
  const components = (wire?.components ?? []).flatMap(({ name, status, details }) => {
    const known = componentStatuses.find((each) => status === `COMP_STATUS_${each}`);
    return known ? [{ name, status: known, ...(details && { details }) }] : [];
  });
  return {
    ...(operStatus && { operStatus }),
    ...(components.length > 0 && { components }),
  };
}

function componentsToWire({ components = [] }: ResourceStatus) {
  return components.map(({ name, status, details = '' }) => ({
    name,
    status: `COMP_STATUS_${status}` as const,
    details,
  }));
}
