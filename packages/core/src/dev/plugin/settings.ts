/** The settings of a side: the manifest's, filled in, with those of the command line over them. Pure. */
import { nodes, uplink } from '../machine/addresses.ts';

const values: Readonly<Record<string, string>> = { hostIp: nodes.host.ip, dpuIp: nodes.dpu.ip, uplink };

/** Settings are checked by the VSP itself, against the manifest's schema. */
export function sideSettings(manifest: Record<string, unknown> = {}, given: Record<string, unknown> = {}) {
  return fillIn({ ...manifest, ...given });
}

/** @param more placeholders beside those of the harness's addresses, and what they stand for */
export function fillIn(json: object, more: Readonly<Record<string, string>> = {}): Record<string, unknown> {
  const known = { ...values, ...more };
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, fill(value, known)]));
}

function fill(value: unknown, known: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return value.replace(/\{(\w+)\}/g, (all, name) => known[name] ?? all);
  if (Array.isArray(value)) return value.map((each) => fill(each, known));
  if (typeof value !== 'object' || value === null) return value;
  return fillIn(value, known);
}
