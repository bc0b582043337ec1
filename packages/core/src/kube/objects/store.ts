import { z } from 'zod';
import type { ApiClient, ApiRequest } from '../client/api-client.ts';
import { ApiError, isNotFound, isOtherObject } from '../client/api-error.ts';
import { acceptOf, type KubeObject, keyOf, type ResourceType, resourcePath } from './resource.ts';
import { type NotUnderstoodError, understand } from './understand.ts';

export interface ApplyOptions {
  /** Who owns the applied fields. Fields that this manager applied before and leaves out now are removed. */
  fieldManager: string;
  /** Take fields that another manager owns. Default: true, as controllers should. */
  force?: boolean;
  signal?: AbortSignal;
}

export interface DeleteOptions {
  /** Delete only this very object, not one that took its name since. */
  uid?: string | undefined;
  propagation?: 'Background' | 'Foreground' | 'Orphan';
  gracePeriodSeconds?: number;
}

/** An object as one applies it: only the fields that the applier wants to own. */
export interface Applied {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string | undefined; [field: string]: unknown };
  [field: string]: unknown;
}

const objectSchema = z.record(z.string(), z.unknown());

const listSchema = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  // A list of metadata that is empty is null (Kubernetes 1.36).
  items: z
    .array(objectSchema)
    .nullable()
    .transform((items) => items ?? []),
});

const namedSchema = z.object({
  metadata: z.object({ name: z.coerce.string(), namespace: z.string().optional() }),
});

export interface ListPage<T> {
  items: T[];
  resourceVersion: string;
}

/** Objects on the API server: reads that are parsed, and the writes that controllers make. */
export class KubeStore {
  readonly client: ApiClient;

  constructor(client: ApiClient) {
    this.client = client;
  }

  /** @returns undefined when there is no such object, or no such kind. */
  async get<T extends KubeObject>(type: ResourceType<T>, name: string, namespace?: string): Promise<T | undefined> {
    try {
      return read(type, await this.client.json({ method: 'GET', path: resourcePath(type, namespace, name) }));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /**
   * Whether the server says that there is no such object. One that is not understood is there.
   *
   * @throws ApiError when it says nothing about it: also when it does not know the kind, or does not know it yet.
   */
  async isAbsent<T extends KubeObject>(type: ResourceType<T>, name: string, namespace?: string): Promise<boolean> {
    try {
      await this.client.json({ method: 'GET', path: resourcePath(type, namespace, name) });
      return false;
    } catch (error) {
      // A path that the server does not serve is answered without a Status.
      if (isNotFound(error) && error.reason === 'NotFound') return true;
      throw error;
    }
  }

  /** All objects, page by page. Objects that the schema refuses go to `onInvalid`, which may throw. */
  async list<T extends KubeObject>(
    type: ResourceType<T>,
    options: ListOptions = {},
    onInvalid: (error: NotUnderstoodError, key: string) => void = (error) => {
      throw error;
    },
  ): Promise<ListPage<T>> {
    const items: T[] = [];
    let continueToken: string | undefined;
    while (true) {
      const page = listSchema.parse(
        await this.client.json({
          method: 'GET',
          path: resourcePath(type, options.namespace),
          accept: acceptOf(type, 'list'),
          query: {
            labelSelector: options.labelSelector,
            fieldSelector: options.fieldSelector,
            limit: 500,
            continue: continueToken,
          },
          signal: options.signal,
        }),
      );
      for (const item of page.items) {
        const parsed = understand(type, item);
        if (parsed instanceof Error) onInvalid(parsed, keyOf(namedSchema.parse(item)));
        else items.push(parsed);
      }
      continueToken = page.metadata.continue || undefined;
      if (!continueToken) return { items, resourceVersion: page.metadata.resourceVersion };
    }
  }

  /** @throws ApiError 409 when the name is taken. */
  async create<T extends KubeObject>(type: ResourceType<T>, object: Applied): Promise<T> {
    return read(
      type,
      await this.client.json({
        method: 'POST',
        path: resourcePath(type, object.metadata.namespace),
        body: object,
      }),
    );
  }

  /** Server-side apply: creates the object or takes over the given fields. No change, no new resource version. */
  async apply<T extends KubeObject>(type: ResourceType<T>, object: Applied, options: ApplyOptions): Promise<T> {
    return read(type, await this.client.json(applyRequest(type, object, options)));
  }

  /** Server-side apply of the status alone. */
  async applyStatus<T extends KubeObject>(type: ResourceType<T>, object: Applied, options: ApplyOptions): Promise<T> {
    return read(type, await this.client.json(applyRequest(type, object, options, 'status')));
  }

  /** JSON merge patch (RFC 7396): null removes a field, lists are replaced whole. */
  async patch<T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    namespace: string | undefined,
    patch: Record<string, unknown>,
    subresource?: 'status' | 'approval',
  ): Promise<T> {
    return read(
      type,
      await this.client.json({
        method: 'PATCH',
        path: resourcePath(type, namespace, name, subresource),
        body: patch,
        contentType: 'application/merge-patch+json',
      }),
    );
  }

  /** @returns false when it was not there, or another object has taken its name. */
  async delete<T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    namespace?: string,
    options: DeleteOptions = {},
  ): Promise<boolean> {
    const body = {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      propagationPolicy: options.propagation ?? 'Background',
      ...(options.gracePeriodSeconds !== undefined && { gracePeriodSeconds: options.gracePeriodSeconds }),
      ...(options.uid && { preconditions: { uid: options.uid } }),
    };
    try {
      await this.client.json({ method: 'DELETE', path: resourcePath(type, namespace, name), body });
      return true;
    } catch (error) {
      if (isNotFound(error) || isOtherObject(error)) return false;
      throw error;
    }
  }

  /**
   * Ends a pod as far as PodDisruptionBudgets allow it.
   *
   * @returns why the budgets, or the policies of the cluster, do not; undefined when the pod ends, or was not there any more.
   */
  async evict(name: string, namespace: string, uid: string | undefined): Promise<string | undefined> {
    const body = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace },
      ...(uid && { deleteOptions: { preconditions: { uid } } }),
    };
    const type = { apiVersion: 'v1', plural: 'pods', namespaced: true };
    try {
      await this.client.json({ method: 'POST', path: resourcePath(type, namespace, name, 'eviction'), body });
      return undefined;
    } catch (error) {
      if (isNotFound(error) || isOtherObject(error)) return undefined;
      if (error instanceof ApiError && isRefusal(error)) return error.detail;
      throw error;
    }
  }
}

/** An answer about this eviction: of budgets with 429, of policies with any other code of the kind. 401 says nothing of it. */
function isRefusal(error: ApiError): boolean {
  return (error.code >= 400 && error.code < 500 && error.code !== 401) || hasSeveralBudgets(error);
}

/** The API server evicts no pod that several PodDisruptionBudgets select, and answers with 500. */
function hasSeveralBudgets({ code, message }: ApiError): boolean {
  return code === 500 && message.includes('more than one PodDisruptionBudget');
}

export interface ListOptions {
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** @throws Error that names the object and what of it is not understood */
function read<T extends KubeObject>(type: ResourceType<T>, answer: unknown): T {
  const object = understand(type, objectSchema.parse(answer));
  if (object instanceof Error) throw object;
  return object;
}

function applyRequest<T extends KubeObject>(
  type: ResourceType<T>,
  object: Applied,
  options: ApplyOptions,
  subresource?: string,
): ApiRequest {
  return {
    method: 'PATCH',
    path: resourcePath(type, object.metadata.namespace, object.metadata.name, subresource),
    query: { fieldManager: options.fieldManager, force: options.force ?? true },
    body: object,
    contentType: 'application/apply-patch+yaml',
    signal: options.signal,
  };
}
