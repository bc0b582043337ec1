/** The tables of the card: what is in them, and the shortest way from there to what shall be. */
import { DpuError, type ErrorCode, errorCodes, Serial } from '@dpu-operator/sdk';
import { status } from '@grpc/grpc-js';
import type { P4Client, TableUpdate, UpdateError } from '../p4rt/client.ts';
import { bodyOf, type EncodedEntry, type Entry, keyOf, Program } from '../p4rt/program.ts';
import { programPrefix, tables } from './entries.ts';

interface Pending {
  update: TableUpdate;
  encoded: EncodedEntry;
}

/** Milliseconds within which the server answers what takes it no work, or is taken for lost. */
const answerMs = 5_000;

export class Fxp {
  readonly #client: P4Client;
  readonly #serial = new Serial();
  #program: Program | undefined;
  #cookie: string | undefined;
  /** Bodies of all entries in our tables, anybody's, by key. Undefined while that is not known. */
  #present: Map<string, string> | undefined;

  constructor(client: P4Client) {
    this.#client = client;
  }

  /** Reads which program the card has, and what is in the tables. @throws DpuError as {@link P4Client} does */
  load(): Promise<Program> {
    return this.#serial.run(async () => {
      this.#present = undefined;
      const { info, cookie } = await this.#client.pipeline();
      this.#program = new Program(info, programPrefix);
      this.#cookie = cookie;
      await this.#read();
      return this.#program;
    });
  }

  /**
   * Whether the card has the program that was loaded here, and in it this entry, which is in a small table. Who loads a
   * program anew may give it no cookie, or the same; but all entries go with the former.
   *
   * @throws DpuError UNAVAILABLE while the server does not answer
   */
  async isIntact(sign: Entry): Promise<boolean> {
    try {
      const cookie = await this.#client.cookie(answerMs);
      const program = this.#program;
      if (!program || cookie !== this.#cookie) return false;
      const entries = await this.#client.read([program.tableId(sign.table)]);
      return entries.map(keyOf).includes(program.encode(sign).key);
    } catch (error) {
      if (DpuError.from(error).code === 'UNAVAILABLE') throw error;
      // It has no program, or no such table.
      return false;
    }
  }

  /**
   * Takes entries out and puts others in, which wins. Nothing else is touched.
   *
   * @returns why entries could not be written or taken out
   * @throws DpuError UNAVAILABLE when the server is away or another is primary; FAILED_PRECONDITION where the program lacks
   * what the entries name. What was written is not known then: it is read before anything else is written.
   */
  sync(remove: Iterable<Entry>, add: Iterable<Entry>): Promise<Map<Entry, DpuError>> {
    return this.#serial.run(() => this.#sync(remove, add));
  }

  async #sync(remove: Iterable<Entry>, add: Iterable<Entry>): Promise<Map<Entry, DpuError>> {
    const program = this.#program;
    if (!program) throw new DpuError('UNAVAILABLE', 'the P4 program of the card is not known yet');
    const wanted = new Map([...add].map((entry) => [entry, program.encode(entry)]));
    const kept = new Set([...wanted.values()].map(({ key }) => key));
    const present = this.#present ?? (await this.#read());
    const removed = new Map([...remove].map((entry) => [entry, program.encode(entry)]));
    // Each once, though several former states had it.
    const deletions = [...new Map([...removed.values()].map((encoded) => [encoded.key, encoded])).values()]
      .filter(({ key }) => present.has(key) && !kept.has(key))
      .map((encoded) => updateOf('DELETE', encoded));
    const changes = [...wanted.values()].flatMap((encoded) => {
      const body = present.get(encoded.key);
      if (body === encoded.body) return [];
      return [updateOf(body === undefined ? 'INSERT' : 'MODIFY', encoded)];
    });
    // One after the other: within a batch there is no order.
    const failures = new Map([...(await this.#write(deletions)), ...(await this.#write(changes))]);
    const errors = new Map<Entry, DpuError>();
    for (const [entry, { key }] of [...removed, ...wanted]) {
      const error = failures.get(key);
      if (error) errors.set(entry, entryError(entry, error));
    }
    return errors;
  }

  async #read(): Promise<Map<string, string>> {
    const program = this.#program;
    const entries = await this.#client.read(tables.map((name) => program?.tableId(name) ?? 0));
    const present = new Map(entries.map((entry) => [keyOf(entry), bodyOf(entry)]));
    this.#present = present;
    return present;
  }

  /** @returns errors by key */
  async #write(first: readonly Pending[]): Promise<Map<string, UpdateError>> {
    const failures = new Map<string, UpdateError>();
    const again: Pending[] = [];
    for (const [pending, error] of await this.#attempt(first)) {
      const next = nextAttempt(pending, error);
      if (next) again.push(next);
      else failures.set(pending.encoded.key, error);
    }
    for (const [{ encoded, update }, error] of await this.#attempt(again)) {
      if (!isGone(update, error)) failures.set(encoded.key, error);
    }
    return failures;
  }

  async #attempt(attempted: readonly Pending[]): Promise<[Pending, UpdateError][]> {
    if (attempted.length === 0) return [];
    const present = this.#present;
    // Of a write that throws nothing is known.
    this.#present = undefined;
    const answers = await this.#client.write(attempted.map(({ update }) => update));
    this.#present = present;
    return attempted.flatMap((pending, index) => {
      const { update, encoded } = pending;
      const error = answers[index];
      if (error && !isGone(update, error)) return [[pending, error]];
      if (update.type === 'DELETE') present?.delete(encoded.key);
      else present?.set(encoded.key, encoded.body);
      return [];
    });
  }
}

function updateOf(type: TableUpdate['type'], encoded: EncodedEntry): Pending {
  return { encoded, update: { type, entry: encoded.message } };
}

/** A deletion of what is not there has succeeded. */
function isGone({ type }: TableUpdate, { code }: UpdateError): boolean {
  return type === 'DELETE' && code === status.NOT_FOUND;
}

/** What else to try. The card's server is known to refuse what is right as INVALID_ARGUMENT, and to take it then. */
function nextAttempt({ update, encoded }: Pending, { code }: UpdateError): Pending | undefined {
  if (update.type === 'INSERT' && code === status.ALREADY_EXISTS) return updateOf('MODIFY', encoded);
  if (update.type === 'MODIFY' && code === status.NOT_FOUND) return updateOf('INSERT', encoded);
  return code === status.INVALID_ARGUMENT ? updateOf(update.type, encoded) : undefined;
}

function entryError({ table, match, action }: Entry, { code, message }: UpdateError): DpuError {
  const name = Object.entries(errorCodes).find(([, number]) => number === code)?.[0];
  const text = `${table}[${JSON.stringify(match)}] = ${action}: ${name ?? code}: ${message}`;
  return new DpuError(passedOn.includes(name ?? '') ? (name as ErrorCode) : 'INTERNAL', text);
}

/** Codes that mean to whoever asked what they mean here. */
const passedOn = ['RESOURCE_EXHAUSTED', 'UNAVAILABLE', 'UNIMPLEMENTED'];
