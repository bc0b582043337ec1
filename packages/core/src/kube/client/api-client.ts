/**
 * Requests to the API server, with the address, TLS and credentials of a KubeConfig. Of the client library only
 * KubeConfig is used: its generated models cost 60 MB of memory, and its watches stop at the first error.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import type { KubeConfig } from '@kubernetes/client-node';
import { ApiError, apiErrorFrom } from './api-error.ts';
import { persist } from './broken-connection.ts';

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  contentType?: string;
  /** Default: `application/json`. */
  accept?: string;
  /** Milliseconds without a byte from the server until the request is given up. Default: 30,000. */
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
}

/** Of a request that the server puts off, as client-go has it. */
const mostAttempts = 10;

/** Where the cluster is and how to prove who asks. */
export type Access = Pick<KubeConfig, 'getCurrentCluster' | 'applyToHTTPSOptions'>;

export class ApiClient {
  readonly #kubeConfig: Access;
  readonly #server: URL;
  readonly #deadlineMs: number | undefined;
  #agent: HttpAgent | undefined;
  /** What the server's clock said last, in milliseconds since 1970, and when that was by performance.now(). */
  #serverClock: { time: number; at: number } | undefined;
  #mayWrite: (() => void) | undefined;

  /** @param deadlineMs milliseconds until a request's whole answer is there. Default: as long as bytes come. */
  constructor(kubeConfig: Access, deadlineMs?: number) {
    const cluster = kubeConfig.getCurrentCluster();
    if (!cluster) throw new Error('the kubeconfig names no cluster: set KUBECONFIG, or run in a pod');
    this.#kubeConfig = kubeConfig;
    this.#server = new URL(cluster.server);
    this.#deadlineMs = deadlineMs;
  }

  /**
   * Another client of the same server for requests that must not wait: they have connections of their own, each has a
   * deadline, and after a failure the next one opens a new connection. So one that is stuck costs one deadline.
   */
  withDeadline(deadlineMs: number): ApiClient {
    return new ApiClient(this.#kubeConfig, deadlineMs);
  }

  /** @param mayWrite Called before each request that may change something; what it throws is thrown, and nothing sent. */
  guardWrites(mayWrite: () => void): void {
    this.#mayWrite = mayWrite;
  }

  /**
   * Now by the clock of the API server, in milliseconds since 1970: what it says of when objects were made compares with that.
   * Up to a second behind, as answers tell whole seconds; this process's own clock until there was an answer.
   */
  serverNow(): number {
    const told = this.#serverClock;
    return told ? told.time + performance.now() - told.at : Date.now();
  }

  /**
   * Sends a request and parses the JSON answer; undefined when the answer is empty.
   *
   * @throws ApiError for an answer that is no success, and when there is none (code 0).
   */
  async json(request: ApiRequest): Promise<unknown> {
    const text = await this.text(request);
    return text === '' ? undefined : JSON.parse(text);
  }

  /** As `json`, for an answer that is not JSON. A read whose connection breaks is sent again, as client-go does. */
  async text(request: ApiRequest): Promise<string> {
    if (this.#deadlineMs === undefined) return await this.#text(request);
    const deadline = AbortSignal.timeout(this.#deadlineMs);
    try {
      return await this.#text({
        ...request,
        signal: request.signal ? AbortSignal.any([request.signal, deadline]) : deadline,
      });
    } catch (error) {
      if (error instanceof ApiError && error.code === 0) this.close();
      throw error;
    }
  }

  async #text(request: ApiRequest): Promise<string> {
    const once = async () => await bodyOf(request, await this.stream(request));
    return request.method === 'GET' ? await persist(once, { signal: request.signal }) : await once();
  }

  /** Sends a request and hands back the successful answer unread: a watch, a log. */
  async stream(request: ApiRequest): Promise<IncomingMessage> {
    for (let attempt = 1; ; attempt += 1) {
      request.signal?.throwIfAborted();
      const response = await this.#send(request);
      if (response.statusCode && response.statusCode < 300) return response;
      const error = apiErrorFrom(request, response, await bodyOf(request, response));
      if (attempt === mostAttempts || !asksToComeBack(request, error)) throw error;
      await sleep(error.retryAfterMs, undefined, { signal: request.signal }).catch(() => {
        throw error;
      });
    }
  }

  /** Closes all connections; a later request opens a new one. */
  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  async #send(request: ApiRequest): Promise<IncomingMessage> {
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const options = await this.#options(request, body);
    const url = new URL(`${this.#server.pathname.replace(/\/$/, '')}${request.path}`, this.#server);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined && value !== '') url.searchParams.set(name, String(value));
    }
    const send = url.protocol === 'http:' ? httpRequest : httpsRequest;
    if (request.method !== 'GET') this.#mayWrite?.();
    return await new Promise((resolve, reject) => {
      const message = send(url, options, (response) => {
        const time = Date.parse(response.headers.date ?? '');
        if (!Number.isNaN(time)) this.#serverClock = { time, at: performance.now() };
        resolve(response);
      });
      message.setTimeout(request.timeoutMs ?? 30_000, () => message.destroy(new Error('no answer in time')));
      message.on('error', (cause) => reject(unreachable(request, cause)));
      message.end(body);
    });
  }

  /** Credentials are asked for at every request: a service account's token changes within the hour. */
  async #options(request: ApiRequest, body: Buffer | undefined): Promise<RequestOptions> {
    const headers: Record<string, string> = {
      Accept: request.accept ?? 'application/json',
      'User-Agent': 'dpu-operator',
    };
    if (body) {
      headers['Content-Type'] = request.contentType ?? 'application/json';
      // Of itself Node gives a DELETE's body no length: the server would take it for the next request.
      headers['Content-Length'] = String(body.length);
    }
    const options: AgentOptions & RequestOptions = { headers };
    await this.#kubeConfig.applyToHTTPSOptions(options);
    this.#agent ??= this.#makeAgent(options);
    return {
      method: request.method,
      agent: this.#agent,
      headers: options.headers ?? headers,
      ...(options.auth && { auth: options.auth }),
      ...(request.signal && { signal: request.signal }),
    };
  }

  /** The library's own agents open a connection per request. */
  #makeAgent(options: AgentOptions & RequestOptions): HttpAgent {
    if (this.#server.protocol === 'http:') return new HttpAgent({ keepAlive: true });
    const { ca, cert, key, rejectUnauthorized, servername } = options;
    return new HttpsAgent({
      keepAlive: true,
      keepAliveMsecs: 30_000,
      // One for all connections: otherwise each watch would hold certificates of its own.
      secureContext: createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }),
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
      ...(servername && { servername }),
    });
  }
}

/**
 * A server that is busy, or that makes the storage of a kind anew after its definition has changed, did nothing of the
 * request. An eviction, the POST that is answered so, means that a budget does not allow it.
 */
function asksToComeBack({ method }: ApiRequest, { code, retryAfterMs }: ApiError): boolean {
  return code === 429 && retryAfterMs !== undefined && method !== 'POST';
}

async function bodyOf(request: ApiRequest, response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk);
  } catch (cause) {
    throw unreachable(request, cause);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function unreachable(request: ApiRequest, cause: unknown): ApiError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new ApiError(`${request.method} ${request.path}: the API server does not answer: ${detail}`, 0, '', { cause });
}
