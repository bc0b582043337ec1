/** The settings of a side: the manifest's, filled in, with those of the command line over them. */
import { nodes, uplink } from './addresses.ts';

const values: Readonly<Record<string, string>> = { hostIp: nodes.host.ip, dpuIp: nodes.dpu.ip, uplink };

/** Settings are checked by the VSP itself, against the manifest's schema. */
export function sideSettings(manifest: Record<string, unknown> = {}, given: Record<string, unknown> = {}) {
  return fillIn({ ...manifest, ...given });
}

function fillIn(settings: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, fill(value)]));
}

function fill(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\{(hostIp|dpuIp|uplink)\}/g, (_all, name) => values[name] ?? '');
  if (Array.isArray(value)) return value.map(fill);
  if (typeof value !== 'object' || value === null) return value;
  return fillIn(value);
}
