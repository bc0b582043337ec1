/** A gRPC call in one line. Pure. */
import type { ObservedCall } from '@dpu-operator/sdk/client';
import { z } from 'zod';

export interface CallLine {
  /** `BridgePort.CreateBridgePort`: the service and the method. */
  method: string;
  /** Undefined for the later answers of a stream. */
  milliseconds?: number | undefined;
  code: string;
  request: string;
  /** The answer, or what went wrong. */
  answer: string;
}

const longest = 120;
const mostEntries = 3;
/** Messages have fewer fields; a map may have any number. */
const mostFields = 8;

const deviceList = z.object({ devices: z.record(z.string(), z.object({ health: z.string() })) });

export function formatCall({ path, milliseconds, code, request, response, message }: ObservedCall): CallLine {
  const [, service = '', method = ''] = /([^./]+)\/([^/]+)$/.exec(path) ?? [];
  return {
    method: `${service.replace(/Service$/, '')}.${method}`,
    milliseconds: milliseconds && Math.round(milliseconds * 10) / 10,
    code,
    request: shorten(describe(request)),
    answer: shorten(code === 'OK' ? describe(response) : (message ?? '')),
  };
}

function describe(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.toString('hex').replace(/(..)(?=.)/g, value.length === 6 ? '$1:' : '$1');
  if (Array.isArray(value)) return `[${some(value.map(describe), mostEntries)}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const list = deviceList.safeParse(value);
  if (list.success) return describeDevices(list.data.devices);
  const fields = Object.entries(value).flatMap(([key, inner]) => (isUnset(inner) ? [] : `${key}: ${describe(inner)}`));
  return `{${some(fields, mostFields)}}`;
}

function describeDevices(devices: Record<string, { health: string }>): string {
  const ids = Object.keys(devices);
  const sick = Object.values(devices).filter(({ health }) => health !== 'Healthy').length;
  const names = ids.length > 0 ? `: ${some(ids, mostEntries)}` : '';
  const noun = ids.length === 1 ? 'device' : 'devices';
  const health = sick > 0 ? `, ${sick} unhealthy` : '';
  return `${ids.length} ${noun}${names}${health}`;
}

/** proto3 does not tell what was left out from what is empty. */
const isUnset = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

function some(texts: readonly string[], most: number): string {
  if (texts.length <= most) return texts.join(', ');
  return `${texts.slice(0, mostEntries).join(', ')} and ${texts.length - mostEntries} more`;
}

const shorten = (text: string): string => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text);
