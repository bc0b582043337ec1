/**
 * A P4 program as the device describes it (P4Info): from names to the numbers of this build of it. Entries are compared
 * by two texts, key (what it matches) and body (what it does), which are equal for equal entries however they are padded.
 */
import { DpuError } from '@dpu-operator/sdk';
import type { Action__Output as ActionInfo } from '../generated/p4/config/v1/Action.ts';
import type { MatchField__Output as FieldInfo } from '../generated/p4/config/v1/MatchField.ts';
import type { P4Info__Output } from '../generated/p4/config/v1/P4Info.ts';
import type { Table__Output as TableInfo } from '../generated/p4/config/v1/Table.ts';
import type { FieldMatch } from '../generated/p4/v1/FieldMatch.ts';
import type { TableEntry, TableEntry__Output } from '../generated/p4/v1/TableEntry.ts';
import { bytesOf, fits, hexOf } from './values.ts';

/** A value of a ternary field: the bits of `mask` are compared. */
export interface Ternary {
  value: number;
  mask: number;
}

/** An entry by names. A plain number is for an exact field. */
export interface Entry {
  table: string;
  match: Readonly<Record<string, number | Ternary>>;
  action: string;
  /** By name; or in the order of their numbers. */
  params: Readonly<Record<string, number>> | readonly number[];
  /** Higher goes first. Only for tables with a ternary field, which need it. */
  priority?: number;
}

export interface EncodedEntry {
  key: string;
  body: string;
  message: TableEntry;
}

export class Program {
  readonly name: string;
  readonly version: string;
  readonly #tables: ReadonlyMap<string, TableInfo>;
  readonly #actions: ReadonlyMap<string, ActionInfo>;

  /** @param prefix What all names that are asked for begin with. */
  constructor({ pkgInfo, tables, actions }: P4Info__Output, prefix = '') {
    this.name = pkgInfo?.name ?? '';
    this.version = pkgInfo?.version ?? '';
    this.#tables = new Map(tables.map((table) => [unprefixed(table.preamble?.name, prefix), table]));
    this.#actions = new Map(actions.map((action) => [unprefixed(action.preamble?.name, prefix), action]));
  }

  /** @throws DpuError FAILED_PRECONDITION where the program has no such table */
  tableId(name: string): number {
    return this.#table(name).preamble?.id ?? 0;
  }

  /**
   * An entry as it goes over the wire.
   *
   * @throws DpuError FAILED_PRECONDITION naming what the program does not have, or what does not fit into a field
   */
  encode({ table: name, match, action: actionName, params, priority = 0 }: Entry): EncodedEntry {
    const table = this.#table(name);
    const fields = Object.entries(match).map(([field, value]) => this.#fieldMatch(table, name, field, value));
    fields.sort((a, b) => (a.fieldId ?? 0) - (b.fieldId ?? 0));
    const action = this.#actions.get(actionName);
    if (!action) throw this.#lacks(`action ${actionName}`);
    const message = {
      tableId: table.preamble?.id ?? 0,
      match: fields,
      priority,
      action: { action: { actionId: action.preamble?.id ?? 0, params: this.#params(action, actionName, params) } },
    };
    return { key: keyOf(message), body: bodyOf(message), message };
  }

  #fieldMatch(table: TableInfo, tableName: string, name: string, value: number | Ternary): FieldMatch {
    const field = table.matchFields.find((each) => each.name === name);
    if (!field) throw this.#lacks(`field ${name} of table ${tableName}`);
    const { id: fieldId } = field;
    const where = `${tableName}.${name}`;
    const bytes = (number: number) => this.#bytes(number, field.bitwidth, where);
    if (typeof value === 'number') {
      this.#requireKind(field, 'EXACT', where);
      return { fieldId, exact: { value: bytes(value) } };
    }
    this.#requireKind(field, 'TERNARY', where);
    return { fieldId, ternary: { value: bytes(value.value), mask: bytes(value.mask) } };
  }

  #params(action: ActionInfo, name: string, values: Entry['params']) {
    const ordered = action.params.toSorted((a, b) => a.id - b.id);
    const named = isList(values)
      ? values.map((value, index) => [ordered[index], `parameter ${index + 1}`, value] as const)
      : Object.entries(values).map(([key, value]) => [ordered.find((each) => each.name === key), key, value] as const);
    const params = named.map(([info, label, value]) => {
      if (!info) throw this.#lacks(`${label} of action ${name}`);
      return { paramId: info.id, value: this.#bytes(value, info.bitwidth, `${name}.${info.name}`) };
    });
    return params.sort((a, b) => a.paramId - b.paramId);
  }

  #bytes(value: number, bits: number, where: string): Buffer {
    if (fits(value, bits)) return bytesOf(value);
    throw new DpuError(
      'FAILED_PRECONDITION',
      `${where} of P4 program ${this.name} has ${bits} bits, not room for ${value}`,
    );
  }

  #table(name: string): TableInfo {
    const table = this.#tables.get(name);
    if (!table) throw this.#lacks(`table ${name}`);
    return table;
  }

  #requireKind({ matchType }: FieldInfo, kind: string, where: string): void {
    if (matchType !== kind) throw this.#lacks(`${kind} match of ${where} (it is ${matchType})`);
  }

  #lacks(what: string): DpuError {
    return new DpuError(
      'FAILED_PRECONDITION',
      `P4 program ${this.name} ${this.version} on the card has no ${what}`.replace('  ', ' '),
    );
  }
}

/** What an entry matches. */
export function keyOf({ tableId, match = [], priority = 0 }: TableEntry | TableEntry__Output): string {
  const fields = match.toSorted((a, b) => (a.fieldId ?? 0) - (b.fieldId ?? 0)).map(fieldText);
  return [tableId, priority, ...fields].join('|');
}

/** What an entry does. */
export function bodyOf({ action }: TableEntry | TableEntry__Output): string {
  const { actionId = 0, params = [] } = action?.action ?? {};
  const sorted = params.toSorted((a, b) => (a.paramId ?? 0) - (b.paramId ?? 0));
  return [actionId, ...sorted.map(({ paramId, value }) => `${paramId}=${hex(value)}`)].join('|');
}

/** Tables that entries are written to have fields of these two kinds alone. */
function fieldText({ fieldId, exact, ternary }: FieldMatch): string {
  if (ternary) return `${fieldId}=${hex(ternary.value)}&${hex(ternary.mask)}`;
  return `${fieldId}=${hex(exact?.value)}`;
}

const hex = (value: Uint8Array | string | undefined): string => hexOf(Buffer.from(value ?? []));
const isList = (values: Entry['params']): values is readonly number[] => Array.isArray(values);
const unprefixed = (name = '', prefix: string): string => (name.startsWith(prefix) ? name.slice(prefix.length) : name);
