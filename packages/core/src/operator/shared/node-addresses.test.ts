import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TestApiServer } from '../../daemon/testing/api-server.ts';
import { NodeAddresses } from './node-addresses.ts';

const logger = pino({ enabled: false });
const path = (name: string) => `/api/v1/nodes/${name}`;

let server: TestApiServer;
let addresses: NodeAddresses;
let stop: AbortController;
let heard: string[];

beforeEach(async () => {
  server = new TestApiServer();
  stop = new AbortController();
  addresses = new NodeAddresses(await server.start(), logger);
  heard = [];
  addresses.onChange((name) => heard.push(name));
});

afterEach(() => {
  stop.abort();
  server.close();
});

function put(name: string, address: string): void {
  const status = {
    addresses: [
      { type: 'Hostname', address: name },
      { type: 'InternalIP', address },
    ],
  };
  server.put(path(name), { apiVersion: 'v1', kind: 'Node', metadata: { name }, status });
}

async function watch(...names: string[]): Promise<void> {
  addresses.watch(names, stop.signal);
  await addresses.listed();
}

test('it knows the nodes that are named, and whether they are there, once they are listed', async () => {
  put('a', '192.0.2.1');
  put('b', '192.0.2.2');
  await watch('a', 'missing');
  expect(['a', 'b', 'missing'].map((name) => addresses.of(name))).toEqual(['192.0.2.1', undefined, undefined]);
  expect(heard).toEqual(['a']);
  await watch('a', 'b');
  expect(addresses.of('b')).toBe('192.0.2.2');
  await watch('b');
  expect(addresses.of('a')).toBeUndefined();
});

test('it hears of another address, also of a node that was away', async () => {
  put('a', '192.0.2.1');
  await watch('a');
  put('a', '192.0.2.9');
  await vi.waitFor(() => expect(addresses.of('a')).toBe('192.0.2.9'));
  server.delete(path('a'));
  await vi.waitFor(() => expect(addresses.of('a')).toBeUndefined());
  put('a', '192.0.2.3');
  await vi.waitFor(() => expect(addresses.of('a')).toBe('192.0.2.3'));
  // Nothing of what matters here is another.
  put('a', '192.0.2.3');
  put('a', '192.0.2.4');
  await vi.waitFor(() => expect(addresses.of('a')).toBe('192.0.2.4'));
  expect(heard).toEqual(['a', 'a', 'a', 'a', 'a']);
});

test('what cannot be the name of a node selects none', async () => {
  put('a', '192.0.2.1');
  await watch('', 'a,metadata.name!=b', 'A');
  expect(heard).toEqual([]);
});
