/** What `cli_client -cq` of the IMC prints: a line for each function of the card. Pure. */
import { DpuError } from '@dpu-operator/sdk';

/** VSIs by MAC address, which is lower-case. */
export type FunctionTable = ReadonlyMap<string, number>;

/** Places in a line, from 0. */
const vsiWord = 7;
const macWord = 16;

/**
 * The tool ends well also when it printed an error: what it printed decides.
 *
 * @throws DpuError with its words: ABORTED where another caller keeps it busy, UNKNOWN where that is no table
 */
export function parseFunctionTable(text: string): FunctionTable {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const complaint = lines.find((line) => /\b(error|fail(ed|ure)?|busy|timed? ?out|cannot|unable)\b/i.test(line));
  const table = new Map(lines.flatMap((line) => functionOf(line)));
  if (complaint === undefined && table.size > 0) return table;
  const detail = complaint ?? lines[0] ?? 'nothing';
  const code = /\bbusy\b/i.test(detail) ? 'ABORTED' : 'UNKNOWN';
  throw new DpuError(code, `cli_client -cq on the IMC printed no table of functions: ${detail}`);
}

function functionOf(line: string): [string, number][] {
  const fields = line.split(/\s+/);
  const [vsi = '', mac = ''] = [fields[vsiWord], fields[macWord]?.toLowerCase()];
  if (!/^0x[0-9a-f]{1,3}$/i.test(vsi) || !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)) return [];
  return [[mac, Number.parseInt(vsi, 16)]];
}
