/** What entries of the FXP amount to where only the way between a port and its representor counts. Pure. */
import type { TableEntry__Output } from '../generated/p4/v1/TableEntry.ts';
import { tableIds } from './linux-networking.ts';

/** VSIs are behind the physical ports. */
const physicalPorts = 16;

/**
 * Representors and what they stand for: frames of the representor go to the port, and those of the port to the
 * representor.
 *
 * @returns the representor's VSI, and the other's or `port0`
 */
export function wiresOf(entries: readonly TableEntry__Output[]): [string, string][] {
  const transmit = new Map<number, number>();
  const sources = new Map<number, number>();
  for (const { tableId, match, action } of entries) {
    const key = numberOf(match.find(({ fieldId }) => fieldId === 1)?.exact?.value);
    const value = numberOf(action?.action?.params[0]?.value);
    if (tableId === tableIds.tx_acc_vsi) transmit.set(key, value);
    if (tableId === tableIds.source_port_to_pr_map) sources.set(key, value);
  }
  return [...transmit].flatMap(([representor, port]): [string, string][] => {
    if (sources.get(port) !== representor + physicalPorts) return [];
    return [[`${representor}`, port < physicalPorts ? `port${port}` : `${port - physicalPorts}`]];
  });
}

function numberOf(bytes: Uint8Array | undefined): number {
  return Number.parseInt(Buffer.from(bytes ?? []).toString('hex') || '0', 16);
}
