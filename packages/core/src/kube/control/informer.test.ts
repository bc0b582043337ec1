import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { configMap } from '../objects/builtins.ts';
import {
  FakeApiServer,
  type FakeApiServerOptions,
  type FakeRequest,
  type Handler,
} from '../testing/fake-api-server.ts';
import { Informer } from './informer.ts';

const backoff = { initialMs: 1, maxMs: 5 };
const object = (name: string, resourceVersion: string, uid = name) => ({
  metadata: { name, namespace: 'default', uid, resourceVersion },
});
/** One that the schema refuses. */
const unclear = (name: string) => ({
  metadata: { name, namespace: 'default', uid: name, resourceVersion: '9' },
  data: 7,
});
/** Behind what there is. */
const end = (resourceVersion: string) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } } },
});
const list = (resourceVersion: string, ...items: unknown[]) => ({ metadata: { resourceVersion }, items });
const gone = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } };

const stop: AbortController[] = [];
afterEach(() => {
  for (const controller of stop.splice(0)) controller.abort();
});

/** Answers lists and watches one after the other; a watch beyond the script stays open. */
async function start(
  lists: Handler[],
  watches: Handler[],
  { random, ...options }: FakeApiServerOptions & { random?: () => number } = {},
) {
  const seen: string[] = [];
  const handler = (request: FakeRequest) => {
    const watch = request.query.has('watch');
    const all = request.query.get('sendInitialEvents') === 'true' ? 'all' : '';
    seen.push(watch ? `watch ${request.query.get('resourceVersion') ?? all}` : 'list');
    const next = (watch ? watches : lists).shift();
    if (next) next(request);
    else request.response.flushHeaders();
  };
  const server = await FakeApiServer.start(handler, options);
  const logged: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line).msg) });
  const informer = new Informer(server.store(), configMap, {
    namespace: 'default',
    logger,
    backoff: { ...backoff, ...(random && { random }) },
  });
  const changes: string[] = [];
  informer.onChange(({ metadata }, _, kind) => changes.push(`${kind} ${metadata.name}`));
  const controller = new AbortController();
  stop.push(controller);
  const started = informer.start(controller.signal);
  return { server, informer, changes, seen, logged, started };
}

test('fills from the list, follows the watch, and ignores what it does not understand', async () => {
  const { server, informer, changes, logged, started } = await start(
    [(request) => request.json(list('5', object('a', '1'), { metadata: { name: 7 } }))],
    [
      (request) => {
        request.line({ type: 'ADDED', object: object('b', '6') });
        request.line({ type: 'MODIFIED', object: object('a', '7') });
        request.line({ type: 'DELETED', object: object('b', '8') });
      },
    ],
  );
  await using _ = server;
  await started;
  await vi.waitFor(() => expect(changes).toEqual(['added a', 'added b', 'updated a', 'deleted b']));
  expect(informer.get('a', 'default')?.metadata.resourceVersion).toBe('7');
  expect(informer.list()).toHaveLength(1);
  expect(logged).toEqual(['ignoring an object']);
});

test('a watch that breaks goes on where it was, without a new list', async () => {
  const { server, changes, seen, logged, started } = await start(
    [(request) => request.json(list('5'))],
    [
      (request) => {
        request.line({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } });
        request.response.write('{"type":"ADD', () => request.response.destroy());
      },
      (request) => request.json({ kind: 'Status', message: 'starting' }, 503),
      (request) => request.line({ type: 'ADDED', object: object('a', '10') }),
    ],
  );
  await using _ = server;
  await started;
  await vi.waitFor(() => expect(changes).toEqual(['added a']));
  expect(seen).toEqual(['list', 'watch 5', 'watch 9', 'watch 9']);
  expect(logged).toEqual(['watch interrupted, trying again', 'watch restored']);
});

test('an expired version makes it list again and tell the difference', async () => {
  const { server, changes, seen, started } = await start(
    [
      (request) =>
        request.json(list('5', object('a', '1'), object('b', '2'), object('c', '3', 'old'), object('e', '4'))),
      (request) => request.json({ kind: 'Status', message: 'not now' }, 500),
      (request) =>
        request.json(list('20', object('b', '2'), object('c', '12', 'new'), object('d', '11'), unclear('e'))),
    ],
    [(request) => request.line(gone)],
  );
  await using _ = server;
  await started;
  await vi.waitFor(() => expect(seen.at(-1)).toBe('watch 20'));
  expect(changes.slice(4)).toEqual(['deleted c', 'added c', 'added d', 'deleted a']);
  expect(seen).toEqual(['list', 'watch 5', 'list', 'list', 'watch 20']);
});

test('where no list leads to a watch that lasts, it waits before each further one', async () => {
  const random = vi.fn(() => 0);
  const lists = Array.from({ length: 5 }, () => (request: FakeRequest) => request.json(list('5')));
  const watches = Array.from({ length: 4 }, () => (request: FakeRequest) => request.line(gone));
  const { server, seen } = await start(lists, watches, { random });
  await using _ = server;
  await vi.waitFor(() => expect(seen).toEqual(Array(5).fill(['list', 'watch 5']).flat()));
  expect(random).toHaveBeenCalledTimes(3);
});

test('so it does where the watch tells what there is', async () => {
  const random = vi.fn(() => 0);
  const watches = Array.from({ length: 4 }, () => (request: FakeRequest) => {
    request.line(end('5'));
    request.line(gone);
  });
  const { server, seen } = await start([], watches, { random, watchTellsAll: true });
  await using _ = server;
  await vi.waitFor(() => expect(seen).toEqual(Array(5).fill('watch all')));
  expect(random).toHaveBeenCalledTimes(3);
});

test('what it does not understand is gone when it is deleted', async () => {
  const { server, changes, started } = await start(
    [(request) => request.json(list('5', object('a', '1')))],
    [
      (request) => {
        request.line({ type: 'MODIFIED', object: unclear('a') });
        request.line({ type: 'DELETED', object: unclear('a') });
      },
    ],
  );
  await using _ = server;
  await started;
  await vi.waitFor(() => expect(changes).toEqual(['added a', 'deleted a']));
});

test('a version that leads nowhere is given up', async () => {
  const lost = (request: FakeRequest) => request.json({ kind: 'Status', message: 'too large version' }, 504);
  const { server, changes, started } = await start(
    [(request) => request.json(list('500')), (request) => request.json(list('5', object('a', '4')))],
    Array.from({ length: 5 }, () => lost),
  );
  await using _ = server;
  await started;
  await vi.waitFor(() => expect(changes).toEqual(['added a']));
});

test('does not start for a signal that is aborted already', async () => {
  const { server, informer, started } = await start([(request) => request.json(list('5'))], []);
  await using _ = server;
  await started;
  const other = new Informer(server.store(), configMap, { logger: pino({ enabled: false }) });
  await expect(other.start(AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  expect(informer.hasSynced).toBe(true);
});

test('pages a long list, and waits for a server that is not there yet', async () => {
  const { server, informer, seen, started } = await start(
    [
      (request) => request.json({}, 401),
      (request) => request.json({ metadata: { resourceVersion: '5', continue: 'x' }, items: [object('a', '1')] }),
      (request) => request.json(list('5', object('b', request.query.get('continue') ?? ''))),
    ],
    [],
  );
  await using _ = server;
  await started;
  expect(informer.list().map(({ metadata }) => metadata.resourceVersion)).toEqual(['1', 'x']);
  expect(seen.slice(0, 3)).toEqual(['list', 'list', 'list']);
});

test('fills from a watch that tells first what there is, and is filled when all was told', async () => {
  let tellRest = () => {};
  const { server, informer, changes, seen, started } = await start(
    [],
    [
      (request) => {
        request.line({ type: 'ADDED', object: object('a', '7') });
        tellRest = () => {
          request.line({ type: 'ADDED', object: object('b', '3') });
          request.line(end('9'));
          request.line({ type: 'MODIFIED', object: object('b', '10') });
          request.response.write('{"type":"ADD', () => request.response.destroy());
        };
      },
    ],
    { watchTellsAll: true },
  );
  await using _ = server;
  await vi.waitFor(() => expect(changes).toEqual(['added a']));
  expect(informer.hasSynced).toBe(false);
  tellRest();
  await started;
  await vi.waitFor(() => expect(seen).toEqual(['watch all', 'watch 10']));
  expect(changes).toEqual(['added a', 'added b', 'updated b']);
});

test('what a watch that tells all does not name is gone, and not before it has told all', async () => {
  const { server, informer, changes, seen, started } = await start(
    [],
    [
      (request) => {
        for (const name of ['a', 'b', 'c', 'd']) request.line({ type: 'ADDED', object: object(name, '1') });
        request.line(end('5'));
        request.line(gone);
      },
      (request) => {
        request.line({ type: 'ADDED', object: object('b', '1') });
        request.line({ type: 'ADDED', object: object('c', '12', 'new') });
        request.line({ type: 'ADDED', object: unclear('d') });
        expect(informer.size).toBe(4);
        request.line(end('20'));
      },
    ],
    { watchTellsAll: true },
  );
  await using _ = server;
  await started;
  await vi.waitFor(() => expect(changes.slice(4)).toEqual(['deleted c', 'added c', 'deleted a']));
  expect(informer.get('d', 'default')?.metadata.resourceVersion).toBe('1');
  expect(seen).toEqual(['watch all', 'watch all']);
});

test('a watch that breaks before it has told all takes nothing away, and a list takes its place', async () => {
  const { server, changes, seen, started } = await start(
    [(request) => request.json(list('30', object('b', '1'), object('a', '25')))],
    [
      (request) => {
        for (const name of ['a', 'b']) request.line({ type: 'ADDED', object: object(name, '1') });
        request.line(end('5'));
        request.line(gone);
      },
      (request) => {
        request.line({ type: 'ADDED', object: object('a', '21') });
        request.response.write('{"type":"ADD', () => request.response.destroy());
      },
    ],
    { watchTellsAll: true },
  );
  await using _ = server;
  await started;
  await vi.waitFor(() => expect(seen).toEqual(['watch all', 'watch all', 'list', 'watch 30']));
  expect(changes).toEqual(['added a', 'added b', 'updated a', 'updated a']);
});

test('a server that is busy is asked again for a watch that tells all', async () => {
  const busy = (request: FakeRequest) => request.json({ kind: 'Status', message: 'not now' }, 503);
  const { server, seen, started } = await start([], [busy, (request) => request.line(end('5'))], {
    watchTellsAll: true,
  });
  await using _ = server;
  await started;
  expect(seen).toEqual(['watch all', 'watch all']);
});
