import { hash } from 'node:crypto';

/** JSON that does not depend on the order of keys: the API server keeps none. A fleet has it made of each of its pods. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const object = value as Record<string, unknown>;
  let fields = '';
  for (const key of Object.keys(object).sort()) {
    const item = object[key];
    if (item === undefined) continue;
    fields += `${fields === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(item)}`;
  }
  return `{${fields}}`;
}

/** Tells one value from another: 16 hex digits. */
export function hashOf(value: object): string {
  return hashOfText(canonicalJson(value));
}

/** As {@link hashOf}, of what {@link canonicalJson} has made. */
export function hashOfText(text: string): string {
  return hash('sha256', text).slice(0, 16);
}
