/**
 * A P4Runtime server for tests: what the P4Runtime Specification 1.4 says of arbitration, Write, Read and
 * GetForwardingPipelineConfig, for tables. It forwards no frames. Updates of a batch are done last to first: the
 * specification allows any order, so nothing may rely on one.
 */
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { P4Info } from '../generated/p4/config/v1/P4Info.ts';
import type { ForwardingPipelineConfig } from '../generated/p4/v1/ForwardingPipelineConfig.ts';
import type { MasterArbitrationUpdate__Output as Arbitration } from '../generated/p4/v1/MasterArbitrationUpdate.ts';
import type { P4RuntimeHandlers } from '../generated/p4/v1/P4Runtime.ts';
import type { StreamMessageRequest__Output } from '../generated/p4/v1/StreamMessageRequest.ts';
import type { StreamMessageResponse } from '../generated/p4/v1/StreamMessageResponse.ts';
import type { TableEntry__Output } from '../generated/p4/v1/TableEntry.ts';
import type { Uint128__Output } from '../generated/p4/v1/Uint128.ts';
import type { Update__Output } from '../generated/p4/v1/Update.ts';
import { keyOf } from '../p4rt/program.ts';
import { encodeBatchErrors, p4RuntimeService, statusTrailer } from '../p4rt/service.ts';
import { entryFault } from './entry-fault.ts';

export interface P4RuntimeServerOptions {
  deviceId?: number;
  /** Without it the device has no program yet. */
  p4info?: P4Info;
  /** Default: any that is free. */
  port?: number;
  /** Default: 127.0.0.1. */
  host?: string;
}

interface Fault {
  code: number;
  message: string;
}

type Stream = ServerDuplexStream<StreamMessageRequest__Output, StreamMessageResponse>;

export class P4RuntimeServer implements AsyncDisposable {
  readonly #deviceId: string;
  #p4info: P4Info | undefined;
  /** What the config of the device was named by whoever set it, if they did. */
  #cookie: string | undefined;
  #port: number;
  readonly #host: string;
  #server: Server | undefined;
  #entries = new Map<string, TableEntry__Output>();
  /** Live controllers with the election id they sent; undefined where they sent none. */
  readonly #controllers = new Map<Stream, bigint | undefined>();
  /** The highest that a primary has had. */
  #highest: bigint | undefined;
  /** Updates that were tried, in the order in which they came. */
  readonly updates: Update__Output[] = [];
  /** A fault of the target for an update, such as that a resource is exhausted. */
  refuse: (update: Update__Output) => Fault | undefined = () => undefined;
  #onChange = () => {};

  constructor({ deviceId = 1, p4info, port = 0, host = '127.0.0.1' }: P4RuntimeServerOptions = {}) {
    this.#host = host;
    this.#deviceId = `${deviceId}`;
    this.#p4info = p4info;
    this.#port = port;
  }

  get address(): string {
    return `${this.#host}:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get entries(): TableEntry__Output[] {
    return [...this.#entries.values()];
  }

  async start(): Promise<this> {
    const server = new Server();
    const handlers: P4RuntimeHandlers = {
      StreamChannel: (stream) => this.#open(stream),
      Write: ({ request }, answer) => answer(this.#write(request.deviceId, request.electionId, request.updates), {}),
      Read: (call) => {
        const fault = this.#deviceFault(call.request.deviceId);
        if (fault) {
          call.emit('error', fault);
          return;
        }
        const tables = call.request.entities.map(({ tableEntry }) => tableEntry);
        for (const table of tables) {
          const found = this.entries.filter((entry) => !table || matchesWildcard(table, entry));
          call.write({ entities: found.map((tableEntry) => ({ tableEntry })) });
        }
        call.end();
      },
      GetForwardingPipelineConfig: ({ request }, answer) => {
        const fault = this.#deviceFault(request.deviceId);
        if (fault) answer(fault);
        else if (this.#p4info) answer(null, { config: this.#config(request.responseType) });
        else answer(rpcError(status.FAILED_PRECONDITION, 'no forwarding-pipeline config has been set'));
      },
    };
    server.addService(p4RuntimeService, handlers as UntypedServiceImplementation);
    const credentials = ServerCredentials.createInsecure();
    this.#port = await new Promise((resolve, reject) => {
      server.bindAsync(this.address, credentials, (error, port) => (error ? reject(error) : resolve(port)));
    });
    this.#server = server;
    return this;
  }

  /** Ends as by a kill: streams break. What it knew is lost. */
  async stop(): Promise<void> {
    this.#server?.forceShutdown();
    this.#server = undefined;
    this.#entries.clear();
    this.#controllers.clear();
    this.#highest = undefined;
  }

  /** Another program for the device (VERIFY_AND_COMMIT); undefined takes it away. Entries go with it. */
  setProgram(p4info: P4Info | undefined, cookie?: number): void {
    this.#p4info = p4info;
    this.#cookie = cookie === undefined ? undefined : `${cookie}`;
    this.#entries.clear();
    this.#onChange();
  }

  /** Calls this after each change of entries. */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** Somebody else writes an entry. */
  put(entry: TableEntry__Output): void {
    this.#entries.set(keyOf(entry), entry);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #open(stream: Stream): void {
    stream.on('data', ({ arbitration }) => {
      if (arbitration) this.#arbitrate(stream, arbitration);
    });
    const gone = () => {
      const wasPrimary = this.#primary === stream;
      this.#controllers.delete(stream);
      stream.end();
      // 5.4: when a primary disconnects, all controllers are informed.
      if (wasPrimary) this.#notify([...this.#controllers.keys()]);
    };
    stream.on('end', gone);
    stream.on('cancelled', gone);
    stream.on('error', gone);
  }

  /** 5.3: rules for handling MasterArbitrationUpdate messages. */
  #arbitrate(stream: Stream, { deviceId, electionId }: Arbitration): void {
    const id = numberOf(electionId);
    const isNew = !this.#controllers.has(stream);
    if (deviceId !== this.#deviceId) {
      stream.emit('error', rpcError(isNew ? status.NOT_FOUND : status.FAILED_PRECONDITION, `no device ${deviceId}`));
      return;
    }
    const others = [...this.#controllers].filter(([other]) => other !== stream).map(([, each]) => each);
    if (id !== undefined && others.includes(id)) {
      stream.emit('error', rpcError(status.INVALID_ARGUMENT, `election id ${id} is used by another controller`));
      return;
    }
    const wasPrimary = this.#primary === stream;
    this.#controllers.set(stream, id);
    const becomes = id !== undefined && id >= (this.#highest ?? 0n);
    if (becomes) this.#highest = id;
    this.#notify(becomes || wasPrimary ? [...this.#controllers.keys()] : [stream]);
  }

  /** The live controller that has the highest election id that there has been (5). */
  get #primary(): Stream | undefined {
    if (this.#highest === undefined) return undefined;
    return [...this.#controllers].find(([, id]) => id === this.#highest)?.[0];
  }

  /** 5.4: client arbitration notifications. */
  #notify(streams: readonly Stream[]): void {
    const primary = this.#primary;
    for (const stream of streams) {
      const backup = primary ? status.ALREADY_EXISTS : status.NOT_FOUND;
      const code = stream === primary ? status.OK : backup;
      const electionId = this.#highest === undefined ? null : uint128(this.#highest);
      stream.write({ arbitration: { deviceId: this.#deviceId, electionId, status: { code } } });
    }
  }

  /** 15: the fields that a response type names, and a cookie where there is one. */
  #config(responseType: string): ForwardingPipelineConfig {
    const cookie = this.#cookie === undefined ? null : { cookie: this.#cookie };
    if (responseType === 'COOKIE_ONLY' || responseType === 'DEVICE_CONFIG_AND_COOKIE') return { cookie };
    return { p4info: this.#p4info ?? null, cookie };
  }

  #deviceFault(deviceId: string): ServiceError | undefined {
    return deviceId === this.#deviceId ? undefined : rpcError(status.NOT_FOUND, `no device ${deviceId}`);
  }

  /** 12.3: an error of the whole call, or UNKNOWN with one error an update. */
  #write(deviceId: string, electionId: Uint128__Output | null, updates: Update__Output[]): ServiceError | null {
    const fault = this.#deviceFault(deviceId);
    if (fault) return fault;
    if (!this.#primary || numberOf(electionId) !== this.#highest) {
      return rpcError(status.PERMISSION_DENIED, 'not primary');
    }
    if (!this.#p4info) return rpcError(status.FAILED_PRECONDITION, 'no forwarding-pipeline config has been set');
    this.updates.push(...updates);
    const faults = updates
      .toReversed()
      .map((update) => this.#update(update))
      .reverse();
    this.#onChange();
    if (faults.every((fault) => fault === undefined)) return null;
    const errors = faults.map((fault) => ({ canonicalCode: fault?.code ?? status.OK, message: fault?.message ?? '' }));
    const error = rpcError(status.UNKNOWN, 'some updates failed');
    error.metadata.set(statusTrailer, encodeBatchErrors(status.UNKNOWN, errors));
    return error;
  }

  /** 9.1: INSERT of what is there is ALREADY_EXISTS, MODIFY and DELETE of what is not NOT_FOUND. */
  #update(update: Update__Output): Fault | undefined {
    const entry = update.entity?.tableEntry;
    if (!entry) return { code: status.UNIMPLEMENTED, message: 'only table entries' };
    const fault = this.refuse(update) ?? entryFault(this.#p4info ?? {}, entry, update.type === 'DELETE');
    if (fault) return fault;
    const key = keyOf(entry);
    const exists = this.#entries.has(key);
    if (update.type === 'INSERT' && exists) return { code: status.ALREADY_EXISTS, message: `${key} exists` };
    if (update.type !== 'INSERT' && !exists) return { code: status.NOT_FOUND, message: `${key} does not exist` };
    if (update.type === 'DELETE') this.#entries.delete(key);
    else this.#entries.set(key, entry);
    return undefined;
  }
}

/** 9.1.6 and 13.2: no table is all tables, no match all entries of a table. */
function matchesWildcard({ tableId, match, priority }: TableEntry__Output, entry: TableEntry__Output): boolean {
  if (tableId === 0) return true;
  if (tableId !== entry.tableId) return false;
  return match.length === 0 || keyOf({ tableId, match, priority }) === keyOf(entry);
}

function numberOf(id: Uint128__Output | null): bigint | undefined {
  return id ? (BigInt(id.high) << 64n) + BigInt(id.low) : undefined;
}

function uint128(value: bigint): { high: string; low: string } {
  return { high: `${value >> 64n}`, low: `${value & 0xffff_ffff_ffff_ffffn}` };
}

function rpcError(code: number, details: string): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}
