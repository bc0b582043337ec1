/** A tiny API server for tests: real HTTP, scripted answers. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiClient } from '../client/api-client.ts';
import { KubeStore } from '../objects/store.ts';

export interface FakeRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  contentType: string;
  accept: string;
  body: string;
  response: ServerResponse;
  /** Answers with JSON and ends. */
  json(body: unknown, status?: number): void;
  /** Sends one line of a watch. */
  line(event: unknown): void;
}

export type Handler = (request: FakeRequest) => void;

export interface FakeApiServerOptions {
  /** Whether watches tell what there is, which is the handler's to do then. Default: false, as before Kubernetes 1.32. */
  watchTellsAll?: boolean;
}

export class FakeApiServer implements AsyncDisposable {
  handler: Handler;
  /** How far its clock is ahead, in milliseconds. */
  clockAheadMs = 0;
  readonly #watchTellsAll: boolean;
  readonly #server = createServer((message, response) => void this.#serve(message, response));

  private constructor(handler: Handler, { watchTellsAll = false }: FakeApiServerOptions) {
    this.handler = handler;
    this.#watchTellsAll = watchTellsAll;
  }

  static async start(handler: Handler, options: FakeApiServerOptions = {}): Promise<FakeApiServer> {
    const fake = new FakeApiServer(handler, options);
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  store(): KubeStore {
    const cluster = { name: 'fake', server: this.url, skipTLSVerify: true };
    // Not a KubeConfig: importing the client library unbundled takes longer than the tests do.
    return new KubeStore(new ApiClient({ getCurrentCluster: () => cluster, applyToHTTPSOptions: async () => {} }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Date', new Date(Date.now() + this.clockAheadMs).toUTCString());
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk);
    const url = new URL(message.url ?? '/', 'http://fake');
    const request: FakeRequest = {
      method: message.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      contentType: message.headers['content-type'] ?? '',
      accept: message.headers.accept ?? '',
      body: Buffer.concat(chunks).toString('utf8'),
      response,
      json: (body, status = 200) => {
        response.writeHead(status, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify(body));
      },
      line: (event) => {
        response.write(`${JSON.stringify(event)}\n`);
      },
    };
    if (this.#watchTellsAll || !url.searchParams.has('sendInitialEvents')) return this.handler(request);
    request.json({ kind: 'Status', message: 'sendInitialEvents is forbidden', reason: 'Invalid', code: 422 }, 422);
  }
}
