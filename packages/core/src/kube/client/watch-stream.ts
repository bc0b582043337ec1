import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { cutText } from '@dpu-operator/sdk/cut-text';
import { z } from 'zod';
import { acceptOf, type KubeObject, keyOf, type ResourceType, resourcePath } from '../objects/resource.ts';
import type { ListOptions } from '../objects/store.ts';
import { NotUnderstoodError, understand } from '../objects/understand.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, statusSchema } from './api-error.ts';

const eventSchema = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.custom<Record<string, unknown>>((value) => typeof value === 'object' && value !== null),
});

const metadataSchema = z.object({
  metadata: z.object({
    resourceVersion: z.string(),
    // Bookmarks have none.
    name: z.string().default(''),
    namespace: z.string().optional(),
  }),
});

/** The bookmark behind what was there when the watch was opened. */
const initialEndSchema = z.object({
  metadata: z.object({ annotations: z.object({ 'k8s.io/initial-events-end': z.literal('true') }) }),
});

/** One line of a watch. `object` is absent in bookmarks, and an Error where the schema refuses what came. */
export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  resourceVersion: string;
  /** The object's key, also where the schema refuses the object. */
  key: string;
  /** Whether this is the bookmark behind everything that was there when a watch without a resource version was opened. */
  endsInitial?: boolean;
  object?: T | NotUnderstoodError;
}

/** Seconds; the server ends a watch within 5 to 10 minutes, as client-go's reflectors ask it to. */
const shortestWatch = 300;

/**
 * The API server sends a bookmark about every minute; a watch that is silent for longer than this hangs on a
 * connection that nobody answers any more.
 */
const idleMs = 150_000;

/** Milliseconds. What is there already comes without a pause, and a bookmark behind it. */
const initialIdleMs = 30_000;

export interface WatchListener<T> {
  opened(): void;
  /** What it throws ends the watch. */
  event(event: WatchEvent<T>): void;
}

/**
 * Opens a watch, and ends with it: when the server ends it, and when it has been silent for too long. Open the next one from
 * the last resource version then.
 *
 * @param resourceVersion undefined to be told first what there is, one object a line. Where a list is read page by page,
 *   all of a page is in memory at a time, and then garbage.
 * @throws ApiError, 410 when the resource version is too old: list again. 422 or 400 from a server that cannot tell first
 *   what there is (Kubernetes before 1.32 cannot, unless it is told to).
 */
export async function watchStream<T extends KubeObject>(
  client: ApiClient,
  type: ResourceType<T>,
  resourceVersion: string | undefined,
  options: ListOptions,
  listener: WatchListener<T>,
): Promise<void> {
  const response = await client.stream({
    method: 'GET',
    path: resourcePath(type, options.namespace),
    accept: acceptOf(type, 'watch'),
    query: {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      ...(resourceVersion === undefined && { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }),
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
      timeoutSeconds: Math.round(shortestWatch * (1 + Math.random())),
    },
    signal: options.signal,
    timeoutMs: resourceVersion === undefined ? initialIdleMs : idleMs,
  });
  listener.opened();
  await eachLine(response, (line) => {
    const event = parseEvent(type, line);
    if (event.endsInitial) response.setTimeout(idleMs);
    listener.event(event);
  });
}

/**
 * node:readline would wait for ever when the connection breaks: it knows no end but the orderly one. An iterator costs more
 * than the line: the server sends each object by itself, and there are ten thousands when an operator starts.
 */
async function eachLine(response: IncomingMessage, take: (line: string) => void): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  response.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    try {
      for (const line of lines) if (line !== '') take(line);
    } catch (error) {
      response.destroy(error as Error);
    }
  });
  await finished(response);
}

function parseEvent<T extends KubeObject>(type: ResourceType<T>, line: string): WatchEvent<T> {
  const event = eventSchema.parse(JSON.parse(line));
  if (event.type === 'ERROR') {
    const status = statusSchema.safeParse(event.object).data;
    throw new ApiError(
      `watch of ${type.plural}: ${status?.message ?? cutText(line, 300)}`,
      status?.code ?? 0,
      status?.reason ?? '',
    );
  }
  const object = event.type === 'BOOKMARK' ? undefined : understand(type, event.object);
  if (object && !(object instanceof NotUnderstoodError) && object.metadata.resourceVersion !== undefined) {
    return { type: event.type, resourceVersion: object.metadata.resourceVersion, key: keyOf(object), object };
  }
  const { metadata } = metadataSchema.parse(event.object);
  const { resourceVersion } = metadata;
  const key = keyOf({ metadata });
  if (object) return { type: event.type, resourceVersion, key, object };
  return { type: event.type, resourceVersion, key, endsInitial: initialEndSchema.safeParse(event.object).success };
}
