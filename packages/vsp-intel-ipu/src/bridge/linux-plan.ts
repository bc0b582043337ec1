/** From how interfaces shall be bridged to commands of `ip`, for Linux bridges. Pure. */
import type { Link } from '@dpu-operator/sdk/linux';
import { bridgePrefix as prefix } from '../settings.ts';
import type { BridgedPort } from './layout.ts';

/** Of a hop's name, with `br-ipu-h` before them: the kernel's limit is 15 characters. */
const digits = 7;

/** Bridges without VLANs: each VLAN of the hosts has one of its own. */
export function bridgeOf({ segment, vlans }: BridgedPort): string {
  if (segment === 'hosts') return vlans[0] === undefined ? prefix : `${prefix}-${vlans[0]}`;
  if (segment === 'outside') return `${prefix}-out`;
  return `${prefix}-h${hash(segment)}`;
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
  const bridges = new Set(wanted.values());
  const isOurs = (name: string) => name === prefix || name.startsWith(`${prefix}-`);
  const made = [...bridges].filter((name) => !present.has(name)).map((name) => `link add ${name} type bridge`);
  const raised = [...bridges].filter((name) => !present.get(name)?.up).map((name) => `link set ${name} up`);
  const released = links
    .filter(({ name, masterName = '' }) => ours.has(name) && !wanted.has(name) && isOurs(masterName))
    .map(({ name }) => `link set ${name} nomaster`);
  const joined = [...wanted].flatMap(([device, bridge]) => {
    const link = present.get(device);
    if (!link) return [];
    return [
      ...(link.masterName === bridge ? [] : [`link set ${device} master ${bridge}`]),
      ...(link.up ? [] : [`link set ${device} up`]),
    ];
  });
  const superfluous = links.filter(({ name, kind }) => kind === 'bridge' && isOurs(name) && !bridges.has(name));
  return [...made, ...raised, ...released, ...joined, ...superfluous.map(({ name }) => `link del ${name}`)];
}

function hash(text: string): string {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return value.toString(16).padStart(8, '0').slice(-digits);
}
