import { createHash } from 'node:crypto';

/** JSON that does not depend on the order of keys: the API server keeps none. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}

/** Tells one value from another: 16 hex digits. */
export function hashOf(value: object): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 16);
}
