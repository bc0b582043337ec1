/** What stands on a bridge, and what of it a process that was started anew was not told of yet. Pure. */
import type { Change, Wanted } from '../../contract/data-path.ts';
import { logicalBridgesOf } from '../../contract/wanted.ts';
import { omitUndefined } from '../../omit-undefined.ts';
import type { FunctionPorts, HostPort } from './bridge-plan.ts';
import type { Placed } from './function-placing.ts';
import type { FunctionPortRecord, PortRecord } from './port-record.ts';

/** By names of objects: `bridgePorts/…`, and `serviceChains/…` or `networkFunctions/…`. */
export interface BridgeContent {
  hostPorts: ReadonlyMap<string, KnownHostPort>;
  functions: ReadonlyMap<string, Placed>;
}

export interface KnownHostPort extends HostPort {
  dpdkDevargs?: string | undefined;
}

/** What is told of a port of a chain, and the number of its pair. */
type ChainEnd = Pick<FunctionPortRecord, 'place' | 'end' | 'mac' | 'vlan'> & { index: number };

export const emptyBridge: BridgeContent = { hostPorts: new Map(), functions: new Map() };

/**
 * What a predecessor left on the bridge, from the records of its ports. A chain with a gap is not taken for one.
 *
 * @param indexOf number of the pair that a function's port belongs to
 */
export function contentOf(
  records: ReadonlyMap<string, PortRecord>,
  indexOf: (device: string) => number | undefined,
): BridgeContent {
  const hostPorts = new Map<string, KnownHostPort>();
  const ends = new Map<string, ChainEnd[]>();
  for (const [device, record] of records) {
    if (record.kind === 'host') {
      const { name, mac, type, vlans, dpdkDevargs } = record;
      hostPorts.set(name, omitUndefined({ device, dpdkDevargs, mac, type, vlans }));
    }
    const index = record.kind === 'function' ? indexOf(device) : undefined;
    if (record.kind !== 'function' || index === undefined) continue;
    ends.set(record.name, [...(ends.get(record.name) ?? []), { ...record, index }]);
  }
  const functions = new Map<string, Placed>();
  for (const [name, chain] of ends) {
    const at = (place: number, end: 'input' | 'output') =>
      chain.find((each) => each.place === place && each.end === end);
    const pairs = Array.from({ length: Math.ceil(chain.length / 2) }, (_, place) => ({
      input: at(place, 'input'),
      output: at(place, 'output'),
    }));
    const whole = pairs.flatMap(({ input, output }) => (input && output ? { input, output } : []));
    if (whole.length !== pairs.length || chain.length % 2 !== 0) continue;
    const placed = {
      functions: whole.map(({ input, output }) => ({ input: input.mac, output: output.mac })),
      devices: whole.map(({ input, output }) => ({ input: input.index, output: output.index })),
      vlan: chain[0]?.vlan,
    };
    functions.set(name, omitUndefined(placed));
  }
  return { hostPorts, functions };
}

/** What is left of it once the changes were told: nothing, where all is. */
export function untold(
  { hostPorts, functions }: BridgeContent,
  changed: readonly Change[],
  complete: boolean,
): BridgeContent {
  if (complete) return emptyBridge;
  const told = new Set(changed.map(({ name }) => name));
  const rest = <T>(map: ReadonlyMap<string, T>) => new Map([...map].filter(([name]) => !told.has(name)));
  return { hostPorts: rest(hostPorts), functions: rest(functions) };
}

/** What is wanted, and of the rest what does not stand in its way. */
export function joined(wanted: BridgeContent, rest: BridgeContent): BridgeContent {
  const devices = new Set([...wanted.hostPorts.values()].map(({ device }) => device));
  const ports = [...rest.hostPorts].filter(([name, { device }]) => !wanted.hostPorts.has(name) && !devices.has(device));
  const indices = new Set([...wanted.functions.values()].flatMap(indicesOf));
  const functions = [...rest.functions].filter(([name, placed]) => {
    return !wanted.functions.has(name) && !indicesOf(placed).some((index) => indices.has(index));
  });
  return {
    hostPorts: new Map([...ports, ...wanted.hostPorts]),
    functions: new Map([...functions, ...wanted.functions]),
  };
}

const indicesOf = ({ devices }: Placed) => devices.flatMap(({ input, output }) => [input, output]);

/** The ports of each chain, by the names of the bridge's ends. */
export function chainPorts({ devices }: Placed, portName: (index: number) => string): FunctionPorts[] {
  return devices.map(({ input, output }) => ({ input: portName(input), output: portName(output) }));
}

/** By name of port. */
export function recordsOf(
  { hostPorts, functions }: BridgeContent,
  portName: (index: number) => string,
): Map<string, PortRecord> {
  const records = new Map<string, PortRecord>();
  for (const [name, { device, dpdkDevargs, mac, type, vlans }] of hostPorts) {
    records.set(device, omitUndefined({ kind: 'host' as const, name, mac, type, vlans: [...vlans], dpdkDevargs }));
  }
  for (const [name, placed] of functions) {
    for (const [place, device] of placed.devices.entries()) {
      for (const end of ['input', 'output'] as const) {
        const mac = placed.functions[place]?.[end] ?? '';
        const record = { kind: 'function' as const, name, place, end, mac, vlan: placed.vlan };
        records.set(portName(device[end]), omitUndefined(record));
      }
    }
  }
  return records;
}

export function vlansOf(wanted: Wanted, name: string): number[] {
  const port = wanted.bridgePorts.get(name);
  return port ? logicalBridgesOf(wanted, port).map(({ vlanId }) => vlanId) : [];
}
