import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { KubeStore } from '../objects/store.ts';
import { FakeApiServer, type FakeRequest } from '../testing/fake-api-server.ts';
import { LeaderElection } from './leader-election.ts';

const microTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** One lease with merge patches, versions and a watch: what the election needs of an API server. */
class LeaseServer {
  lease:
    | { metadata: { name: string; namespace: string; uid: string; resourceVersion: string }; spec: Spec }
    | undefined;
  #watchers: FakeRequest[] = [];
  #version = 1;

  readonly handle = (request: FakeRequest): void => {
    const metadata = { resourceVersion: String(this.#version) };
    if (request.query.has('watch')) {
      request.response.flushHeaders();
      this.#watchers.push(request);
      const since = Number(request.query.get('resourceVersion'));
      if (this.lease && this.#version > since) request.line({ type: 'MODIFIED', object: this.lease });
    } else if (request.method === 'GET' && request.path.endsWith('/leases')) {
      request.json({ metadata, items: this.lease ? [this.lease] : [] });
    } else if (request.method === 'GET') {
      request.json(this.#answer(), this.lease ? 200 : 404);
    } else {
      const { metadata: sent, spec } = JSON.parse(request.body);
      if (request.method === 'PATCH' && sent.resourceVersion !== this.lease?.metadata.resourceVersion) {
        request.json({ kind: 'Status', code: 409, message: 'conflict' }, 409);
        return;
      }
      this.write({ ...this.lease?.spec, ...spec });
      request.json(this.#answer());
    }
  };

  write(spec: Spec): void {
    const resourceVersion = String(++this.#version);
    const type = this.lease ? 'MODIFIED' : 'ADDED';
    this.lease = { metadata: { name: 'l', namespace: 'n', uid: 'u', resourceVersion }, spec };
    for (const watcher of this.#watchers) watcher.line({ type, object: this.lease });
  }

  #answer() {
    return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...this.lease };
  }
}

type Spec = { holderIdentity?: string; renewTime?: string; leaseDurationSeconds?: number };

function candidate(
  server: FakeApiServer,
  identity: string,
  leaseSeconds = 60,
  store: KubeStore = server.store(),
): LeaderElection {
  const logger = pino({ enabled: false });
  return new LeaderElection({ store, name: 'l', namespace: 'n', identity, logger, leaseSeconds });
}

test('one leads, gives the lease back, and the next one follows at once', async () => {
  const leases = new LeaseServer();
  await using server = await FakeApiServer.start(leases.handle);
  const order: string[] = [];
  const stopFirst = new AbortController();
  const first = Promise.withResolvers<void>();
  const firstRun = candidate(server, 'first').run(stopFirst.signal, async (signal) => {
    order.push('first');
    first.resolve();
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  });
  await first.promise;
  expect(leases.lease?.spec.renewTime).toMatch(microTime);
  const secondRun = candidate(server, 'second').run(new AbortController().signal, async () => {
    order.push('second');
  });
  stopFirst.abort();
  await Promise.all([firstRun, secondRun]);
  expect(order).toEqual(['first', 'second']);
  expect(leases.lease?.spec.holderIdentity).toBe('');
});

test('a leader that has lost its lease ends', async () => {
  const leases = new LeaseServer();
  await using server = await FakeApiServer.start(leases.handle);
  // Long enough that a busy machine asks who holds the lease before it gives up on its own.
  const run = candidate(server, 'first', 12).run(new AbortController().signal, async (signal) => {
    leases.write({ holderIdentity: 'other' });
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  });
  await expect(run).rejects.toThrow('other holds it now');
});

test('a leader whose renewals hang ends, whatever it is doing', async () => {
  const leases = new LeaseServer();
  let hangs = false;
  await using server = await FakeApiServer.start((request) => {
    if (!hangs) leases.handle(request);
  });
  const run = candidate(server, 'first', 6).run(new AbortController().signal, () => {
    hangs = true;
    return new Promise(() => {});
  });
  await expect(run).rejects.toThrow('could not be renewed');
});

test('one connection that is stuck does not cost the lease', async () => {
  const leases = new LeaseServer();
  const stuck = new Set<unknown>();
  let renewals = 0;
  await using server = await FakeApiServer.start((request) => {
    const { socket } = request.response;
    if (request.method === 'PATCH' && stuck.size === 0) stuck.add(socket);
    if (stuck.has(socket)) return;
    if (request.method === 'PATCH') renewals++;
    leases.handle(request);
  });
  // A request has 2 s, the leader 8: more than this machine is ever behind.
  await candidate(server, 'first', 12).run(new AbortController().signal, async (signal) => {
    await expect.poll(() => renewals).toBeGreaterThan(0);
    signal.throwIfAborted();
  });
  expect(stuck.size).toBe(1);
  expect(leases.lease?.spec.holderIdentity).toBe('');
});

test('a leader that was frozen writes nothing more when it wakes', async () => {
  const leases = new LeaseServer();
  let written = 0;
  await using server = await FakeApiServer.start((request) => {
    if (request.path !== '/write') return leases.handle(request);
    written++;
    request.json({});
  });
  const store = server.store();
  const write = () => store.client.json({ method: 'POST', path: '/write', body: {} });
  let late: Promise<unknown> | undefined;
  const run = candidate(server, 'first', 3, store).run(new AbortController().signal, async () => {
    await write();
    // What a process is that the kernel or its machine stops: nothing of it runs, and its clock goes on.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
    late = write();
    await late;
  });
  await expect(run).rejects.toThrow('lease');
  await expect(late).rejects.toThrow('another may lead');
  expect(written).toBe(1);
});

test('a leader that is stopped before it has begun gives the lease back', async () => {
  const leases = new LeaseServer();
  await using server = await FakeApiServer.start(leases.handle);
  const run = candidate(server, 'first').run(new AbortController().signal, async () => {
    throw new Error('stopped');
  });
  await expect(run).rejects.toThrow('stopped');
  expect(leases.lease?.spec.holderIdentity).toBe('');
});
