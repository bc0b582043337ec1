/**
 * A controller of one P4Runtime device. It never takes the place of another that is primary: it waits as a backup, and
 * asks for more than the highest election id when the other is gone.
 */
import { type Clock, DpuError, type Logger } from '@dpu-operator/sdk';
import { type ClientDuplexStream, credentials, type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { P4Info__Output } from '../generated/p4/config/v1/P4Info.ts';
import type { ForwardingPipelineConfig__Output } from '../generated/p4/v1/ForwardingPipelineConfig.ts';
import type { MasterArbitrationUpdate__Output as Arbitration } from '../generated/p4/v1/MasterArbitrationUpdate.ts';
import type { P4RuntimeClient } from '../generated/p4/v1/P4Runtime.ts';
import type { ReadResponse__Output } from '../generated/p4/v1/ReadResponse.ts';
import type { StreamMessageRequest } from '../generated/p4/v1/StreamMessageRequest.ts';
import type { StreamMessageResponse__Output } from '../generated/p4/v1/StreamMessageResponse.ts';
import type { TableEntry, TableEntry__Output } from '../generated/p4/v1/TableEntry.ts';
import { decodeBatchErrors, P4RuntimeStub, statusTrailer } from './service.ts';

export interface ClientOptions {
  /** `127.0.0.1:9559` */
  address: string;
  deviceId: number;
  /** The lowest that is asked for. */
  electionId: number;
  clock: Clock;
  logger: Logger;
  /** Called whenever {@link P4Client.role} has changed. */
  onRole: () => void;
}

/** `primary` may write. The reason of the others is for people. */
export type Role = { is: 'primary' } | { is: 'backup' | 'disconnected'; reason: string };

export interface TableUpdate {
  type: 'INSERT' | 'MODIFY' | 'DELETE';
  entry: TableEntry;
}

/** Why an update of a batch failed. */
export interface UpdateError {
  /** A code of gRPC. */
  code: number;
  message: string;
}

/** What a device has. */
export interface Pipeline {
  info: P4Info__Output;
  /** As whoever loaded the program named it; undefined where they did not. */
  cookie: string | undefined;
}

type Stream = ClientDuplexStream<StreamMessageRequest, StreamMessageResponse__Output>;

/** Milliseconds that a call may take. */
const callMs = 20_000;
/** Milliseconds until the next attempt to connect. */
const reconnectMs = 500;
/**
 * Updates of one Write. Where one fails the answer's trailer has an error for each of them, and a trailer of more than
 * 64 KiB never arrives.
 */
const batchSize = 100;
const channelOptions = {
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.max_receive_message_length': -1,
  // A connection that is given up must not be found again by the next.
  'grpc.use_local_subchannel_pool': 1,
};

export class P4Client {
  readonly #options: ClientOptions;
  #stub: P4RuntimeClient;
  readonly #closing = new AbortController();
  #stream: Stream | undefined;
  /** Ends this attempt to be connected, and begins the next. */
  #giveUp: (reason: string) => void = () => {};
  #role: Role = { is: 'disconnected', reason: 'not connected yet' };
  #electionId: bigint;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#electionId = BigInt(options.electionId);
    this.#stub = stubOf(options.address);
  }

  get role(): Role {
    return this.#role;
  }

  /** Connects, and connects again whenever the server was away, until {@link close}. */
  start(): void {
    this.#connect();
  }

  close(): void {
    this.#closing.abort();
    this.#stream?.cancel();
    this.#stub.close();
  }

  /** @throws DpuError FAILED_PRECONDITION while the device has no program, UNAVAILABLE while it does not answer */
  async pipeline(): Promise<Pipeline> {
    const config = await this.#config('P4INFO_AND_COOKIE', callMs);
    const info = config?.p4info;
    if (info && info.tables.length > 0) return { info, cookie: config.cookie?.cookie };
    throw this.#noProgram();
  }

  /**
   * That of the program which the device has now. A server that does not answer in time is given up, and connected to
   * again: one that was lost without a word, as by a cut cable, is found by this alone.
   *
   * @throws DpuError as {@link pipeline} does
   */
  async cookie(timeoutMs: number): Promise<string | undefined> {
    const config = await this.#config('COOKIE_ONLY', timeoutMs).catch((error) => {
      if (isLate(error)) this.#abandon(`${this.#where} does not answer any more`);
      throw error;
    });
    if (config) return config.cookie?.cookie;
    throw this.#noProgram();
  }

  #config(responseType: 'P4INFO_AND_COOKIE' | 'COOKIE_ONLY', timeoutMs: number) {
    const { deviceId } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<ForwardingPipelineConfig__Output | null | undefined>();
    this.#stub.getForwardingPipelineConfig({ deviceId, responseType }, deadline(timeoutMs), (error, answer) => {
      if (error && error.code !== status.FAILED_PRECONDITION) reject(this.#callError(error));
      else resolve(answer?.config);
    });
    return promise;
  }

  #noProgram(): DpuError {
    return new DpuError('FAILED_PRECONDITION', `${this.#where} has no P4 program yet: the P4 SDK has to load one`);
  }

  /** All entries of these tables. */
  async read(tableIds: readonly number[]): Promise<TableEntry__Output[]> {
    const entities = tableIds.map((tableId) => ({ tableEntry: { tableId } }));
    const call = this.#stub.read({ deviceId: this.#options.deviceId, entities }, deadline(callMs));
    const entries: TableEntry__Output[] = [];
    try {
      for await (const chunk of call as AsyncIterable<ReadResponse__Output>) {
        for (const { tableEntry } of chunk.entities) if (tableEntry) entries.push(tableEntry);
      }
    } catch (error) {
      throw this.#callError(error as ServiceError);
    }
    return entries;
  }

  /**
   * Writes in batches. No two updates may be of one entry: the server does them in any order.
   *
   * @returns what became of each, undefined for what succeeded
   * @throws DpuError UNAVAILABLE while another is primary or the server does not answer; what was written is not known then
   */
  async write(updates: readonly TableUpdate[]): Promise<(UpdateError | undefined)[]> {
    const results: (UpdateError | undefined)[] = [];
    for (let start = 0; start < updates.length; start += batchSize) {
      results.push(...(await this.#writeBatch(updates.slice(start, start + batchSize))));
    }
    return results;
  }

  /** @throws DpuError UNAVAILABLE with the reason, unless this is the primary */
  requirePrimary(): void {
    if (this.#role.is !== 'primary') throw new DpuError('UNAVAILABLE', this.#role.reason);
  }

  async #writeBatch(updates: readonly TableUpdate[]): Promise<(UpdateError | undefined)[]> {
    this.requirePrimary();
    const request = {
      deviceId: this.#options.deviceId,
      electionId: uint128(this.#electionId),
      updates: updates.map(({ type, entry }) => ({ type, entity: { tableEntry: entry } })),
      atomicity: 'CONTINUE_ON_ERROR' as const,
    };
    const { promise, resolve } = Promise.withResolvers<ServiceError | null>();
    this.#stub.write(request, deadline(callMs), (error) => resolve(error));
    const error = await promise;
    if (!error) return updates.map(() => undefined);
    const errors = batchErrors(error);
    if (errors.length !== updates.length) throw this.#callError(error);
    return errors.map(({ canonicalCode: code, message }) => (code === status.OK ? undefined : { code, message }));
  }

  #connect(): void {
    const stream = this.#stub.streamChannel();
    this.#stream = stream;
    let isOver = false;
    const over = (reason: string) => {
      if (isOver) return;
      isOver = true;
      void this.#again(reason);
    };
    this.#giveUp = over;
    stream.on('data', ({ arbitration }) => {
      if (arbitration) this.#arbitrated(stream, arbitration);
    });
    stream.on('error', (error) => over(this.#why(error as ServiceError)));
    stream.on('end', () => over(`${this.#where} closed the stream`));
    this.#ask(stream);
  }

  #abandon(reason: string): void {
    const [stub, stream] = [this.#stub, this.#stream];
    // To the server the lost one is primary still: it is taken over from itself, and from nobody else.
    if (this.#role.is === 'primary') this.#electionId += 1n;
    this.#stub = stubOf(this.#options.address);
    this.#giveUp(reason);
    stream?.cancel();
    stub.close();
  }

  #ask(stream: Stream): void {
    const { deviceId } = this.#options;
    stream.write({ arbitration: { deviceId, electionId: uint128(this.#electionId) } });
  }

  #arbitrated(stream: Stream, { status: told, electionId }: Arbitration): void {
    const code = told?.code ?? status.OK;
    if (code === status.OK) {
      this.#become({ is: 'primary' });
      return;
    }
    const highest = electionId ? (BigInt(electionId.high) << 64n) + BigInt(electionId.low) : 0n;
    this.#become({
      is: 'backup',
      reason: `another controller (election id ${highest}) is primary: ${this.#where} takes changes from it alone; end it`,
    });
    if (code !== status.NOT_FOUND) return;
    this.#electionId = highest + 1n;
    this.#ask(stream);
  }

  async #again(reason: string): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#become({ is: 'disconnected', reason });
    await this.#options.clock.sleep(reconnectMs, this.#closing.signal).catch(() => {});
    if (!this.#closing.signal.aborted) this.#connect();
  }

  #become(role: Role): void {
    const before = this.#role;
    this.#role = role;
    if (before.is === role.is && (role.is === 'primary' || ('reason' in before && before.reason === role.reason)))
      return;
    this.#options.logger.info({ role }, 'P4Runtime');
    this.#options.onRole();
  }

  #why({ code, details }: ServiceError): string {
    const where = this.#where;
    if (code === status.INVALID_ARGUMENT) return `${where} refuses election id ${this.#electionId}: ${details}`;
    if (code === status.UNAVAILABLE) return `${where} does not answer: ${details}`;
    return `${where} ended the stream: ${status[code]} ${details}`;
  }

  get #where(): string {
    return `the P4Runtime server at ${this.#options.address}`;
  }

  #callError(error: ServiceError): DpuError {
    const message = `${this.#where}: ${status[error.code] ?? error.code}: ${error.details ?? error.message}`;
    if (error.code === status.FAILED_PRECONDITION)
      return new DpuError('FAILED_PRECONDITION', message, { cause: error });
    const isAway = [status.UNAVAILABLE, status.PERMISSION_DENIED, status.DEADLINE_EXCEEDED, status.CANCELLED];
    return new DpuError(isAway.includes(error.code) ? 'UNAVAILABLE' : 'INTERNAL', message, { cause: error });
  }
}

function batchErrors({ metadata }: { metadata?: Metadata }) {
  const [trailer] = metadata?.get(statusTrailer) ?? [];
  return trailer instanceof Buffer ? decodeBatchErrors(trailer) : [];
}

function uint128(value: bigint): { high: string; low: string } {
  return { high: `${value >> 64n}`, low: `${value & 0xffff_ffff_ffff_ffffn}` };
}

function stubOf(address: string): P4RuntimeClient {
  return new P4RuntimeStub(address, credentials.createInsecure(), channelOptions);
}

const isLate = ({ cause }: DpuError): boolean => (cause as ServiceError | undefined)?.code === status.DEADLINE_EXCEEDED;
const deadline = (milliseconds: number) => ({ deadline: Date.now() + milliseconds });
