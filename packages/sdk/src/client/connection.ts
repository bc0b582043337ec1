/** One gRPC channel that connects at once and stays connected. */
import {
  type ChannelCredentials,
  Client,
  type ClientReadableStream,
  connectivityState,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { DpuError } from '../errors.ts';
import type { Method } from '../wire/grpc/method.ts';
import { fromServiceError } from '../wire/grpc/service-error.ts';
import { startCall } from './observe.ts';
import { zonedTarget } from './zoned-address.ts';

/** Where a server listens: a unix socket, or `host:port`, where the host may be an IPv6 address with a zone. */
export type Endpoint = { socketPath: string } | { address: string };

/** `ChannelCredentials` of @grpc/grpc-js. Opaque, as the published types name no package that comes bundled. */
export type ConnectionCredentials = object;

/** gRPC metadata with one text for a key. */
export type TextMetadata = Readonly<Record<string, string>>;

/** What a server streams. */
export interface MessageStream<Message> {
  on(event: 'data', listener: (message: Message) => void): unknown;
  on(event: 'error', listener: (error: DpuError) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  cancel(): void;
}

/**
 * The first retry comes soon, as the other side of a unix socket starts within tens of milliseconds; a failed one
 * costs next to nothing, so there is no need to wait long. With its random fifth the longest wait stays below 1 s, within
 * which a peer that is back is to be used again.
 */
const options = {
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 500,
  // Otherwise a channel without calls disconnects after 30 minutes.
  'grpc.client_idle_timeout_ms': 2 ** 31 - 1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_http_proxy': 0,
};

/** A gRPC connection that comes back by itself. One server, many calls; each ends at its deadline. */
export class Connection {
  readonly #client: Client;
  readonly #target: string;
  readonly #metadata = new Metadata();
  readonly #listeners = new Set<(connected: boolean) => void>();
  #connected = false;
  #closed = false;

  /**
   * @param metadata sent with every call
   * @param security Default: plain text.
   */
  constructor(endpoint: Endpoint, metadata: TextMetadata = {}, security?: ConnectionCredentials) {
    this.#target = 'socketPath' in endpoint ? endpoint.socketPath : endpoint.address;
    for (const [key, value] of Object.entries(metadata)) this.#metadata.set(key, value);
    const secured = security as ChannelCredentials | undefined;
    this.#client = new Client(grpcTarget(endpoint), secured ?? credentials.createInsecure(), options);
    this.#follow();
  }

  /**
   * @param onMetadata called before the answer, with the metadata that comes ahead of it
   * @throws DpuError with the code of the answer; UNAVAILABLE when there is no connection, without waiting for one
   */
  call<RequestIn, ResponseIn, RequestOut, ResponseOut>(
    method: Method<RequestIn, ResponseIn, RequestOut, ResponseOut>,
    request: RequestIn,
    deadlineMs: number,
    onMetadata?: (metadata: TextMetadata) => void,
  ): Promise<ResponseOut> {
    const observed = startCall(this.#target, method.path, request);
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        this.#metadata,
        { deadline: Date.now() + deadlineMs },
        (error, response) => {
          if (error) {
            const failure = this.#errorFrom(error, method.path, deadlineMs);
            observed?.({ code: failure.code, message: failure.message });
            reject(failure);
            return;
          }
          observed?.({ code: 'OK', response });
          // grpc-js answers an error or a response, never neither.
          resolve(response as ResponseOut);
        },
      );
      if (onMetadata) call.on('metadata', (metadata) => onMetadata(textsOf(metadata)));
    });
  }

  /** What is streamed to a connection that is closed is an error, as with calls: nothing is thrown. */
  stream<RequestIn, ResponseIn, RequestOut, ResponseOut>(
    method: Method<RequestIn, ResponseIn, RequestOut, ResponseOut>,
    request: RequestIn,
  ): MessageStream<ResponseOut> {
    if (this.#closed) return failedStream(new DpuError('UNAVAILABLE', `the client of ${this.#target} is closed`));
    const observed = startCall(this.#target, method.path, request);
    const stream = this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      this.#metadata,
    );
    if (observed) stream.on('data', (response) => observed({ code: 'OK', response }));
    return withDpuErrors(stream);
  }

  /** Calls back on each change, and once soon when there is a connection already. Returns what ends that. */
  onConnectivity(callback: (connected: boolean) => void): () => void {
    const listener = (connected: boolean) => callback(connected);
    this.#listeners.add(listener);
    if (this.#connected) {
      queueMicrotask(() => {
        if (this.#listeners.has(listener) && this.#connected) listener(true);
      });
    }
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#listeners.clear();
    this.#client.close();
  }

  #follow(): void {
    if (this.#closed) return;
    const channel = this.#client.getChannel();
    // `true` also makes an idle channel, e.g. one whose server went away, connect again.
    const state = channel.getConnectivityState(true);
    const connected = state === connectivityState.READY;
    if (connected !== this.#connected) {
      this.#connected = connected;
      for (const listener of [...this.#listeners]) listener(connected);
    }
    if (this.#closed) return;
    channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => queueMicrotask(() => this.#follow()));
  }

  #errorFrom(error: ServiceError, method: string, deadlineMs: number): DpuError {
    const { code, message } = fromServiceError(error);
    // The client's own words name times and addresses that change; the server's are told as they are.
    if (code === 'DEADLINE_EXCEEDED' && message.startsWith('Deadline exceeded after')) {
      const detail = `${this.#target} has not answered ${method} within ${deadlineMs / 1000} s`;
      return new DpuError(code, detail, { cause: error });
    }
    const why = code === 'UNAVAILABLE' ? connectionFailure(message) : undefined;
    return new DpuError(code, why === undefined ? message : `no answer from ${this.#target}: ${why}`, { cause: error });
  }
}

function failedStream<Message>(error: DpuError): MessageStream<Message> {
  const on = (event: 'data' | 'error' | 'end', listener: (value?: unknown) => void): void => {
    if (event === 'error') queueMicrotask(() => listener(error));
  };
  return { on: on as MessageStream<Message>['on'], cancel: () => {} };
}

function withDpuErrors<Message>(stream: ClientReadableStream<Message>): MessageStream<Message> {
  const on = (event: 'data' | 'error' | 'end', listener: (value?: unknown) => void): void => {
    if (event === 'error') stream.on('error', (error: ServiceError) => listener(fromServiceError(error)));
    else stream.on(event, listener);
  };
  return { on: on as MessageStream<Message>['on'], cancel: () => stream.cancel() };
}

function textsOf(metadata: Metadata): TextMetadata {
  const texts = Object.entries(metadata.getMap()).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(texts);
}

/** What grpc-js says where there is no connection, without its repetitions; undefined for what the server said itself. */
function connectionFailure(details: string): string | undefined {
  const attempt = /^No connection established\. Last error: (?:Error: )?(.*?)\. Resolution note:/.exec(details)?.[1];
  if (attempt !== undefined) return attempt === 'null' ? 'not connected' : attempt;
  return /^(No connection established|Name resolution failed|Connection dropped|read |write )/.test(details)
    ? details
    : undefined;
}

/** `[fe80::1%25eth0]:50151` is how the host side is given a link-local address; the kernel wants the zone bare. */
function grpcTarget(endpoint: Endpoint): string {
  if ('socketPath' in endpoint) return `unix:${endpoint.socketPath}`;
  const { address } = endpoint;
  if (!address.startsWith('[')) return `dns:${address}`;
  return address.includes('%') ? zonedTarget(address.replace('%25', '%')) : `ipv6:${address}`;
}
