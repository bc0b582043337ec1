/** What passes between the suite and a VSP, in words. */
import { cutText } from '../../cut-text.ts';

/** What was sent and what came, for a report. */
export interface Exchange {
  /** `/opi_api.lifecycle.v1alpha1.DeviceService/GetDevices`. */
  method: string;
  request: string;
  /** What came, or code and text of the error; undefined while there is no answer. */
  response?: string;
  error?: string;
  durationMs?: number;
}

const longest = 2_000;

/** JSON in one line; bytes as hex pairs with colons, as MAC addresses are written. */
export function show(value: unknown): string {
  const text = JSON.stringify(readable(value)) ?? 'undefined';
  return text.length > longest ? `${cutText(text, longest)} (${text.length} characters)` : text;
}

function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, readable(inner)]));
}
