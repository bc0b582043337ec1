/** From how interfaces shall be bridged to commands of `ip`, for Linux bridges. Pure. */
import type { Link } from '@dpu-operator/sdk/linux';
import { isOurBridge, bridgePrefix as prefix } from '../settings.ts';
import type { BridgedPort } from './layout.ts';

/** Of a hop's name, with `br-ipu-h` before them: the kernel's limit is 15 characters. */
const digits = 7;

/** Bridges without VLANs: each VLAN of the hosts has one of its own. */
export function bridgeOf({ segment, vlans }: BridgedPort): string {
  if (segment === 'hosts') return vlans[0] === undefined ? prefix : `${prefix}-${vlans[0]}`;
  if (segment === 'outside') return `${prefix}-out`;
  return `${prefix}-h${hash(segment)}`;
}

/** Those that are ports of a bridge which is not ours: nothing is taken from there. With the name of that bridge. */
export function takenPorts(ports: readonly BridgedPort[], links: readonly Link[]): Map<string, string> {
  const masters = new Map(links.map(({ name, masterName }) => [name, masterName]));
  return new Map(
    ports.flatMap(({ device }) => {
      const master = masters.get(device);
      return master === undefined || isOurBridge(master) ? [] : [[device, master] as const];
    }),
  );
}

/**
 * @param ours interfaces that nobody else bridges: those of the settings
 * @returns commands in their order; none where all is as it shall be. Interfaces that are not there wait for another look.
 */
export function planLinuxBridges(
  ports: readonly BridgedPort[],
  links: readonly Link[],
  ours: ReadonlySet<string>,
): string[] {
  const present = new Map(links.map((link) => [link.name, link]));
  const wanted = new Map(ports.map((port) => [port.device, bridgeOf(port)]));
  const taken = takenPorts(ports, links);
  const bridges = new Set(wanted.values());
  const made = [...bridges].filter((name) => !present.has(name)).map((name) => `link add ${name} type bridge`);
  const raised = [...bridges].filter((name) => !present.get(name)?.up).map((name) => `link set ${name} up`);
  const released = links
    .filter(({ name, masterName = '' }) => ours.has(name) && !wanted.has(name) && isOurBridge(masterName))
    .map(({ name }) => `link set ${name} nomaster`);
  const joined = [...wanted].flatMap(([device, bridge]) => {
    const link = present.get(device);
    if (!link || taken.has(device)) return [];
    return [
      ...(link.masterName === bridge ? [] : [`link set ${device} master ${bridge}`]),
      ...(link.up ? [] : [`link set ${device} up`]),
    ];
  });
  const superfluous = links.filter(({ name, kind }) => kind === 'bridge' && isOurBridge(name) && !bridges.has(name));
  return [...made, ...raised, ...released, ...joined, ...superfluous.map(({ name }) => `link del ${name}`)];
}

/** The interface or bridge that one of these commands changes. */
export function interfaceOf(command: string): string {
  return command.split(' ')[2] ?? '';
}

function hash(text: string): string {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return value.toString(16).padStart(8, '0').slice(-digits);
}
