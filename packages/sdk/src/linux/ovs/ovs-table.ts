/** Tables as `ovs-vsctl --format=json` prints them (RFC 7047, 5.1). */
import { z } from 'zod';

const printed = z.object({ headings: z.array(z.string()), data: z.array(z.array(z.unknown())) });

/** A column's value: text, number, boolean, a set as an array, a map as an object; a UUID is its text. */
export type OvsValue = string | number | boolean | OvsValue[] | { [key: string]: OvsValue };

/** A row of the switch's database, by the names of its columns. */
export type OvsRow = Readonly<Record<string, OvsValue>>;

export function parseOvsTable(text: string): OvsRow[] {
  const { headings, data } = printed.parse(JSON.parse(text));
  return data.map((row) => Object.fromEntries(headings.map((name, index) => [name, columnValue(row[index])])));
}

function columnValue(wire: unknown): OvsValue {
  if (!Array.isArray(wire)) return wire as string | number | boolean;
  const [kind, content] = wire;
  if (kind === 'set') return (content as unknown[]).map(columnValue);
  if (kind !== 'map') return String(content);
  const pairs = (content as [unknown, unknown][]).map(([key, value]) => [String(columnValue(key)), columnValue(value)]);
  return Object.fromEntries(pairs);
}
