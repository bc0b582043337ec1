/** What a P4Runtime server finds wrong with a table entry (P4Runtime Specification 1.4, 8.3, 9.1.1, 9.1.2). */
import { status } from '@grpc/grpc-js';
import type { MatchField } from '../generated/p4/config/v1/MatchField.ts';
import type { P4Info } from '../generated/p4/config/v1/P4Info.ts';
import type { FieldMatch__Output as FieldMatch } from '../generated/p4/v1/FieldMatch.ts';
import type { TableEntry__Output } from '../generated/p4/v1/TableEntry.ts';

interface Fault {
  code: number;
  message: string;
}

/** @param isDelete Then the action counts for nothing. */
export function entryFault(info: P4Info, entry: TableEntry__Output, isDelete: boolean): Fault | undefined {
  const table = info.tables?.find(({ preamble }) => preamble?.id === entry.tableId);
  if (!table) return invalid(`no table ${entry.tableId}`);
  const fields = table.matchFields ?? [];
  if (new Set(entry.match.map(({ fieldId }) => fieldId)).size !== entry.match.length) return invalid('a field twice');
  for (const match of entry.match) {
    const field = fields.find(({ id }) => id === match.fieldId);
    const fault = field ? matchFault(field, match) : invalid(`no field ${match.fieldId}`);
    if (fault) return fault;
  }
  const exact = fields.filter(({ matchType }) => matchType === 'EXACT');
  if (exact.some(({ id }) => !entry.match.some(({ fieldId }) => fieldId === id)))
    return invalid('an exact field is missing');
  const needsPriority = fields.some(({ matchType }) => matchType === 'TERNARY');
  if (needsPriority !== entry.priority > 0) return invalid(`priority ${entry.priority}`);
  return isDelete ? undefined : actionFault(info, table.actionRefs?.map(({ id }) => id) ?? [], entry);
}

function matchFault({ matchType, bitwidth = 0 }: MatchField, match: FieldMatch): Fault | undefined {
  if (match.fieldMatchType !== String(matchType).toLowerCase())
    return invalid(`field ${match.fieldId} is ${matchType}`);
  if (match.exact) return bytesFault(match.exact.value, bitwidth);
  if (match.ternary) {
    const { value, mask } = match.ternary;
    if (numberOf(mask) === 0n) return invalid(`field ${match.fieldId} matches anything: it must be left out`);
    if ((numberOf(value) & ~numberOf(mask)) !== 0n) return invalid(`field ${match.fieldId}: bits outside of the mask`);
    return bytesFault(value, bitwidth) ?? bytesFault(mask, bitwidth);
  }
  return bytesFault(match.lpm?.value ?? Buffer.alloc(0), bitwidth);
}

function actionFault({ actions = [] }: P4Info, allowed: (number | undefined)[], entry: TableEntry__Output) {
  const told = entry.action?.action;
  if (!told) return invalid('no action');
  if (!allowed.includes(told.actionId)) return invalid(`action ${told.actionId} is none of the table`);
  const params = actions.find(({ preamble }) => preamble?.id === told.actionId)?.params ?? [];
  const ids = told.params.map(({ paramId }) => paramId).sort((a, b) => a - b);
  const wanted = params.map(({ id = 0 }) => id).sort((a, b) => a - b);
  if (ids.join() !== wanted.join()) return invalid(`parameters ${ids} and not ${wanted}`);
  for (const { paramId, value } of told.params) {
    const fault = bytesFault(value, params.find(({ id }) => id === paramId)?.bitwidth ?? 0);
    if (fault) return fault;
  }
  return undefined;
}

/** 8.3: at least one byte, and no more bits than there are. */
function bytesFault(bytes: Buffer, bits: number): Fault | undefined {
  if (bytes.length === 0) return invalid('an empty value');
  if (numberOf(bytes) < 1n << BigInt(bits)) return undefined;
  return { code: status.OUT_OF_RANGE, message: `${bytes.toString('hex')} has more than ${bits} bits` };
}

const numberOf = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex') || '0'}`);
const invalid = (message: string): Fault => ({ code: status.INVALID_ARGUMENT, message });
