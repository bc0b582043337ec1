/** What a port of the bridge is there for, kept with the port in the switch's database: who starts anew reads it there. */
import { z } from 'zod';
import type { BridgePort } from '../../contract/data-path.ts';
import type { OvsRow } from '../ovs/ovs-table.ts';

/** The port of a host's VF. */
export interface HostPortRecord {
  kind: 'host';
  /** `bridgePorts/{id}` */
  name: string;
  mac: string;
  type: BridgePort['type'];
  vlans: number[];
  /** Of a port of DPDK, which has no link that a process started anew would find it by. */
  dpdkDevargs?: string | undefined;
}

/** A port of a network function. */
export interface FunctionPortRecord {
  kind: 'function';
  /** Of the chain, or of the function that is in none. */
  name: string;
  /** In its chain, from 0. */
  place: number;
  end: 'input' | 'output';
  /** Of the pod's interface. */
  mac: string;
  /** Of the logical bridge whose frames alone the chain works for. */
  vlan?: number | undefined;
}

/** The port of the link that leads outside. */
export interface UplinkRecord {
  kind: 'uplink';
  /** Whether the link joined received frames (GRO) before it became a port. */
  gro: boolean;
}

/** What a port of the switch is there for. */
export type PortRecord = HostPortRecord | FunctionPortRecord | UplinkRecord;

const schema: z.ZodType<PortRecord> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('host'),
    name: z.string(),
    mac: z.string(),
    type: z.enum(['ACCESS', 'TRUNK']),
    vlans: z.array(z.number()),
    dpdkDevargs: z.string().optional(),
  }),
  z.object({
    kind: z.literal('function'),
    name: z.string(),
    place: z.number(),
    end: z.enum(['input', 'output']),
    mac: z.string(),
    vlan: z.number().optional(),
  }),
  z.object({ kind: z.literal('uplink'), gro: z.boolean() }),
]);

const ownerKey = 'dpu-owner';
const recordKey = 'dpu-port';

/** Argument of ovs-vsctl's `set`. */
export const ownerSetting = (owner: string): string => `external_ids:${ownerKey}="${owner}"`;

/** Arguments of ovs-vsctl's `set`, which reads a value in quotes as a JSON string. */
export function recordSettings(owner: string, port: PortRecord): string[] {
  const value = JSON.stringify(JSON.stringify(port));
  return [ownerSetting(owner), `external_ids:${recordKey}=${value}`];
}

/** What a row of the database has under a key of its `external_ids`. */
export function externalId({ external_ids: ids }: OvsRow, key: string): unknown {
  return typeof ids === 'object' && !Array.isArray(ids) ? ids[key] : undefined;
}

/** Whether a row of the database bears the mark of that owner. */
export function isOwnedBy(row: OvsRow, owner: string): boolean {
  return externalId(row, ownerKey) === owner;
}

/** Undefined for a port that is another's. */
export function recordOf(row: OvsRow, owner: string): PortRecord | undefined {
  if (!isOwnedBy(row, owner)) return undefined;
  try {
    return schema.parse(JSON.parse(String(externalId(row, recordKey))));
  } catch {
    return undefined;
  }
}
