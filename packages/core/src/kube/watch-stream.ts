import { StringDecoder } from 'node:string_decoder';
import { cutText } from '@dpu-operator/sdk/cut-text';
import { z } from 'zod';
import type { ApiClient } from './api-client.ts';
import { ApiError, statusSchema } from './api-error.ts';
import { acceptOf, type KubeObject, keyOf, type ResourceType, resourcePath } from './resource.ts';
import type { ListOptions } from './store.ts';
import { type NotUnderstoodError, understand } from './understand.ts';

const eventSchema = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.record(z.string(), z.unknown()),
});

const metadataSchema = z.object({
  metadata: z.object({
    resourceVersion: z.string(),
    // Bookmarks have none.
    name: z.string().default(''),
    namespace: z.string().optional(),
  }),
});

/** One line of a watch. `object` is absent in bookmarks, and an Error where the schema refuses what came. */
export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  resourceVersion: string;
  /** The object's key, also where the schema refuses the object. */
  key: string;
  object?: T | NotUnderstoodError;
}

/** Seconds; the server ends a watch within 5 to 10 minutes, as client-go's reflectors ask it to. */
const shortestWatch = 300;

/**
 * The API server sends a bookmark about every minute; a watch that is silent for longer than this hangs on a
 * connection that nobody answers any more.
 */
const idleMs = 150_000;

/**
 * Opens a watch. It ends when the server ends it, and when it has been silent for too long: open the next one from
 * the last resource version then.
 *
 * @throws ApiError, 410 when the resource version is too old: list again.
 */
export async function* watchStream<T extends KubeObject>(
  client: ApiClient,
  type: ResourceType<T>,
  resourceVersion: string,
  options: ListOptions,
): AsyncGenerator<WatchEvent<T> | 'opened'> {
  const response = await client.stream({
    method: 'GET',
    path: resourcePath(type, options.namespace),
    accept: acceptOf(type, 'watch'),
    query: {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
      timeoutSeconds: Math.round(shortestWatch * (1 + Math.random())),
    },
    signal: options.signal,
    timeoutMs: idleMs,
  });
  yield 'opened';
  try {
    for await (const line of linesOf(response)) {
      if (line !== '') yield parseEvent(type, line);
    }
  } finally {
    response.destroy();
  }
}

/** node:readline would wait for ever when the connection breaks: it knows no end but the orderly one. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
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
  const { metadata } = metadataSchema.parse(event.object);
  const { resourceVersion } = metadata;
  const key = keyOf({ metadata });
  if (event.type === 'BOOKMARK') return { type: event.type, resourceVersion, key };
  return { type: event.type, resourceVersion, key, object: understand(type, event.object) };
}
