/**
 * As much of the API server as the reconcilers talk to: objects in memory behind real HTTP, with lists, watches,
 * creation, merge patches, applies, evictions, and deletion that waits for finalizers.
 */
import type { KubeStore } from '../../kube/index.ts';
import { FakeApiServer, type FakeRequest } from '../../kube/testing/fake-api-server.ts';

export interface StoredObject {
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

interface Change {
  version: number;
  type: EventType;
  path: string;
  object: StoredObject;
}

export class TestApiServer {
  /** By collection path and name: `/apis/config.openshift.io/v1/dataprocessingunits/a`. */
  readonly objects = new Map<string, StoredObject>();
  /** Every request but reads: `PATCH /apis/…`. */
  readonly writes: string[] = [];
  /** Why an eviction is refused; undefined when it is not. */
  refuseEviction: (pod: string) => string | undefined = () => undefined;
  /** Why admission forbids a write, e.g. `PATCH /apis/…`; undefined when it does not. */
  forbid: (write: string) => string | undefined = () => undefined;
  /** Whether a write meets a conflict that passes, as with a ResourceQuota that is being counted. */
  conflict: (write: string) => boolean = () => false;
  /** Collections of kinds that are not installed: `/apis/config.openshift.io/v1/dataprocessingunits`. */
  readonly unserved = new Set<string>();
  /** By manager and path: what it applied last. */
  readonly #applied = new Map<string, Record<string, unknown>>();
  readonly #watches = new Set<(change: Change) => void>();
  /** All there were: a watch begins behind the version that it names. */
  readonly #changes: Change[] = [];
  #http: FakeApiServer | undefined;
  #version = 0;

  async start(): Promise<KubeStore> {
    this.#http = await FakeApiServer.start((request) => this.#serve(request), { watchTellsAll: true });
    return this.#http.store();
  }

  /** How far its clock is ahead, in milliseconds; to be set once it has started. */
  get clockAheadMs(): number {
    return this.#http?.clockAheadMs ?? 0;
  }

  set clockAheadMs(ms: number) {
    if (this.#http) this.#http.clockAheadMs = ms;
  }

  get url(): string {
    return this.#http?.url ?? '';
  }

  close(): void {
    void this.#http?.[Symbol.asyncDispose]();
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

  #serve(request: FakeRequest): void {
    const { method, path: pathname, query } = request;
    const body = request.body === '' ? {} : JSON.parse(request.body);
    const path = pathname.replace(/\/(status|approval)$/, '');
    const known = this.objects.get(path);
    if (method !== 'GET') this.writes.push(`${method} ${pathname}`);
    const forbidden = method === 'GET' ? undefined : this.forbid(`${method} ${pathname}`);
    if (forbidden) request.json({ kind: 'Status', message: forbidden, reason: 'Forbidden', code: 403 }, 403);
    else if (method !== 'GET' && this.conflict(`${method} ${pathname}`))
      request.json({ kind: 'Status', message: 'the object has been modified', reason: 'Conflict', code: 409 }, 409);
    else if (this.unserved.has(pathname)) request.response.writeHead(404).end('404 page not found\n');
    else if (method === 'GET' && query.get('watch')) this.#watch(request);
    else if (method === 'GET' && known) request.json(known);
    else if (method === 'GET' && isCollection(pathname)) request.json(this.#list(pathname, query));
    else if (method === 'POST' && path.endsWith('/eviction')) this.#evict(path.replace(/\/eviction$/, ''), request);
    else if (method === 'POST') this.#create(`${pathname}/${body.metadata.name}`, body, request);
    else if (method === 'PATCH' && known && isStale(body, known)) {
      request.json({ kind: 'Status', message: `${pathname} has changed`, code: 409 }, 409);
    } else if (method === 'PATCH' && (known || isApply(request))) {
      const object = isApply(request) ? this.#apply(known ?? {}, body, request) : merge(known ?? {}, body);
      request.json(this.#change(path, object as StoredObject));
    } else if (method === 'DELETE' && known) {
      this.delete(path);
      request.json(known);
    } else request.json({ kind: 'Status', message: `${pathname} not found`, reason: 'NotFound', code: 404 }, 404);
  }

  /** Fields that the manager applied before and leaves out now go; conditions are merged by their type. */
  #apply(known: Record<string, unknown>, body: Record<string, unknown>, { path, query }: FakeRequest): unknown {
    const manager = `${query.get('fieldManager')} ${path}`;
    const before = this.#applied.get(manager);
    this.#applied.set(manager, body);
    return applied(known, before, body);
  }

  #evict(path: string, request: FakeRequest): void {
    const refusal = this.refuseEviction(path);
    const isThere = this.objects.has(path);
    if (!refusal) this.delete(path);
    if (refusal) request.json({ kind: 'Status', message: refusal, code: 429 }, 429);
    else request.json({ kind: 'Status', code: isThere ? 201 : 404 }, isThere ? 201 : 404);
  }

  #create(path: string, body: StoredObject, request: FakeRequest): void {
    if (!this.objects.has(path)) request.json(this.#change(path, body), 201);
    else request.json({ kind: 'Status', message: `${path} already exists`, reason: 'AlreadyExists', code: 409 }, 409);
  }

  #list(collection: string, query: URLSearchParams) {
    const entries = [...this.objects].filter(([path, object]) => isIn(collection, path) && selects(query, object));
    return { metadata: { resourceVersion: `${this.#version}` }, items: entries.map(([, object]) => object) };
  }

  #watch({ path: collection, query, response, line }: FakeRequest): void {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    const listener = ({ type, path, object }: Change) => {
      if (isIn(collection, path) && selects(query, object)) line({ type, object });
    };
    if (query.get('sendInitialEvents') === 'true') {
      const { metadata, items } = this.#list(collection, query);
      for (const object of items) line({ type: 'ADDED', object });
      const annotations = { 'k8s.io/initial-events-end': 'true' };
      line({ type: 'BOOKMARK', object: { metadata: { ...metadata, annotations } } });
    } else {
      const since = Number(query.get('resourceVersion'));
      for (const change of this.#changes) if (change.version > since) listener(change);
    }
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
    this.#notify(known ? 'MODIFIED' : 'ADDED', path, next);
    return next;
  }

  #remove(path: string, object: StoredObject): void {
    this.objects.delete(path);
    this.#version += 1;
    this.#notify('DELETED', path, {
      ...object,
      metadata: { ...object.metadata, resourceVersion: `${this.#version}` },
    });
  }

  #notify(type: EventType, path: string, object: StoredObject): void {
    const change = { version: this.#version, type, path, object };
    this.#changes.push(change);
    for (const notify of [...this.#watches]) notify(change);
  }
}

const isCollection = (path: string): boolean => /\/v1(\/namespaces\/[^/]+)?\/[a-z-]+$/.test(path);
/** Collections of namespaced objects are also to be had across namespaces. */
const isIn = (collection: string, path: string): boolean =>
  path.startsWith(`${collection}/`) || path.replace(/\/namespaces\/[^/]+/, '').startsWith(`${collection}/`);
const isStale = (body: Partial<StoredObject>, { metadata }: StoredObject): boolean =>
  body.metadata?.resourceVersion !== undefined && body.metadata.resourceVersion !== metadata.resourceVersion;
const isApply = (request: FakeRequest): boolean => request.contentType.includes('apply-patch');

function selects(query: URLSearchParams, { metadata }: StoredObject): boolean {
  const [key, value] = (query.get('labelSelector') ?? '').split('=');
  const [field, wanted] = (query.get('fieldSelector') ?? '').split('=');
  const name = field === 'metadata.name' ? wanted : undefined;
  const labelled = !key || (value === undefined ? key in (metadata.labels ?? {}) : metadata.labels?.[key] === value);
  return labelled && (!name || metadata.name === name);
}

interface Typed {
  type: string;
}

function isTyped(list: unknown): list is Typed[] {
  return Array.isArray(list) && list.every((item) => typeof item?.type === 'string');
}

function applied(target: unknown, before: unknown, body: unknown): unknown {
  if (isTyped(target) && isTyped(body)) {
    const gone = isTyped(before) ? before.map(({ type }) => type) : [];
    const mine = new Set([...gone, ...body.map(({ type }) => type)]);
    return [...target.filter(({ type }) => !mine.has(type)), ...body];
  }
  if (!isRecord(body)) return body;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  const previous = isRecord(before) ? before : {};
  for (const key of Object.keys(previous)) if (!(key in body)) delete result[key];
  for (const [key, value] of Object.entries(body)) result[key] = applied(result[key], previous[key], value);
  return result;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}
