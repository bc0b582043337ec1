/**
 * As much of the API server as the daemon's reconcilers talk to: objects in memory behind real HTTP, with lists,
 * watches, creation, merge patches, applies (taken as merges), and deletion that waits for finalizers.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { ApiClient, KubeStore } from '../../kube/index.ts';

interface StoredObject {
  [field: string]: unknown;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    finalizers?: string[];
    deletionTimestamp?: string;
    [field: string]: unknown;
  };
}
type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

export class TestApiServer {
  /** By collection path and name: `/apis/config.openshift.io/v1/dataprocessingunits/a`. */
  readonly objects = new Map<string, StoredObject>();
  /** Every request but reads: `PATCH /apis/…`. */
  readonly writes: string[] = [];
  readonly #watches = new Set<(type: EventType, path: string, object: StoredObject) => void>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  #version = 0;

  async start(): Promise<KubeStore> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromClusterAndUser(
      { name: 'test', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
      { name: 'test' },
    );
    return new KubeStore(new ApiClient(kubeConfig));
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Puts an object in place, as somebody else would. */
  put(path: string, object: Record<string, unknown> & { metadata: Record<string, unknown> }): void {
    this.#change(path, object as StoredObject);
  }

  delete(path: string): void {
    const object = this.objects.get(path);
    if (!object) return;
    if (!object.metadata.finalizers?.length) this.#remove(path, object);
    else if (!object.metadata.deletionTimestamp) {
      const metadata = { ...object.metadata, deletionTimestamp: new Date().toISOString() };
      this.#change(path, { ...object, metadata });
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://test');
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = chunks.length > 0 ? JSON.parse(`${Buffer.concat(chunks)}`) : {};
    const path = pathname.replace(/\/status$/, '');
    const known = this.objects.get(path);
    if (request.method !== 'GET') this.writes.push(`${request.method} ${pathname}`);
    if (request.method === 'GET' && searchParams.get('watch')) this.#watch(pathname, searchParams, response);
    else if (request.method === 'GET' && known) answer(response, 200, known);
    else if (request.method === 'GET' && isCollection(pathname))
      answer(response, 200, this.#list(pathname, searchParams));
    else if (request.method === 'POST') this.#create(`${pathname}/${body.metadata.name}`, body, response);
    else if (request.method === 'PATCH' && (known || isApply(request))) {
      answer(response, 200, this.#change(path, merge(known ?? {}, body) as StoredObject));
    } else if (request.method === 'DELETE' && known) {
      this.delete(path);
      answer(response, 200, known);
    } else answer(response, 404, { kind: 'Status', message: `${pathname} not found`, code: 404 });
  }

  #create(path: string, body: StoredObject, response: ServerResponse): void {
    if (!this.objects.has(path)) answer(response, 201, this.#change(path, body));
    else answer(response, 409, { kind: 'Status', message: `${path} already exists`, code: 409 });
  }

  #list(collection: string, query: URLSearchParams) {
    const entries = [...this.objects].filter(([path, object]) => isIn(collection, path) && selects(query, object));
    return { metadata: { resourceVersion: `${this.#version}` }, items: entries.map(([, object]) => object) };
  }

  #watch(collection: string, query: URLSearchParams, response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    const listener = (type: EventType, path: string, object: StoredObject) => {
      if (isIn(collection, path) && selects(query, object)) {
        response.write(`${JSON.stringify({ type, object })}\n`);
      }
    };
    this.#watches.add(listener);
    response.on('close', () => this.#watches.delete(listener));
  }

  #change(path: string, object: StoredObject): StoredObject {
    const known = this.objects.get(path);
    this.#version += 1;
    const uid = known?.metadata.uid ?? `uid-${this.#version}`;
    const next = { ...object, metadata: { ...object.metadata, uid, resourceVersion: `${this.#version}` } };
    if (next.metadata.deletionTimestamp && !next.metadata.finalizers?.length) {
      this.#remove(path, next);
      return next;
    }
    this.objects.set(path, next);
    for (const tell of [...this.#watches]) tell(known ? 'MODIFIED' : 'ADDED', path, next);
    return next;
  }

  #remove(path: string, object: StoredObject): void {
    this.objects.delete(path);
    for (const tell of [...this.#watches]) tell('DELETED', path, object);
  }
}

const isCollection = (path: string): boolean => /\/v1(\/namespaces\/[^/]+)?\/[a-z-]+$/.test(path);
/** Collections of namespaced objects are also to be had across namespaces. */
const isIn = (collection: string, path: string): boolean =>
  path.startsWith(`${collection}/`) || path.replace(/\/namespaces\/[^/]+/, '').startsWith(`${collection}/`);
const isApply = (request: IncomingMessage): boolean => `${request.headers['content-type']}`.includes('apply-patch');

function selects(query: URLSearchParams, { metadata }: StoredObject): boolean {
  const [key, value] = (query.get('labelSelector') ?? '').split('=');
  const name = query.get('fieldSelector')?.replace('metadata.name=', '');
  const labelled = !key || (value === undefined ? key in (metadata.labels ?? {}) : metadata.labels?.[key] === value);
  return labelled && (!name || metadata.name === name);
}

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}
