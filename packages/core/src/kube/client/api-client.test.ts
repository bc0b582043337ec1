import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Access, ApiClient, type ApiRequest } from './api-client.ts';

/** Answers so many requests with 429 before it serves. */
let refusals = 0;
/** Breaks the connection of so many requests, before it answers or in the middle of it, as `breaksInAnswer` says. */
let breaks = 0;
let breaksInAnswer = false;
let requests = 0;
/** How far the server's clock is ahead, in milliseconds. */
let aheadMs = 0;
const server = createServer((_, response) => {
  response.setHeader('Date', new Date(Date.now() + aheadMs).toUTCString());
  requests += 1;
  if (requests <= breaks) {
    if (!breaksInAnswer) return response.destroy();
    response.writeHead(200, { 'Content-Length': '15' });
    return response.write('{"kind"', () => response.destroy());
  }
  if (requests > refusals) return response.end('{"kind":"Pod"}');
  const status = { kind: 'Status', code: 429, reason: 'TooManyRequests', message: 'storage is (re)initializing' };
  return response.writeHead(429, { 'Retry-After': '0' }).end(JSON.stringify(status));
});
let client: ApiClient;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cluster = { name: 'test', server: `http://127.0.0.1:${port}`, skipTLSVerify: true };
  const access: Access = { getCurrentCluster: () => cluster, applyToHTTPSOptions: async () => {} };
  client = new ApiClient(access);
});
beforeEach(() => {
  requests = 0;
  refusals = 0;
  breaks = 0;
});
afterAll(() => {
  client.close();
  server.close();
});

const ask = (method: ApiRequest['method']) => client.json({ method, path: '/api/v1/pods/one' });

test.each(['GET', 'PUT', 'PATCH', 'DELETE'] as const)('a %s that is put off comes back', async (method) => {
  refusals = 3;
  await expect(ask(method)).resolves.toEqual({ kind: 'Pod' });
  expect(requests).toBe(4);
});

test.each([24 * 3_600_000, -24 * 3_600_000, 0])(
  'the time of a server whose clock is %d ms ahead is known by its answers',
  async (ms) => {
    aheadMs = ms;
    await ask('GET');
    const difference = client.serverNow() - Date.now() - ms;
    expect(difference).toBeLessThanOrEqual(100);
    // It tells whole seconds.
    expect(difference).toBeGreaterThan(-10_000);
  },
);

test('an eviction that a budget does not allow is told at once', async () => {
  refusals = 1;
  await expect(ask('POST')).rejects.toMatchObject({ code: 429, retryAfterMs: 0 });
  expect(requests).toBe(1);
});

test('one that is always put off ends', async () => {
  refusals = Number.POSITIVE_INFINITY;
  await expect(ask('GET')).rejects.toMatchObject({ code: 429, message: expect.stringContaining('(re)initializing') });
  expect(requests).toBe(10);
});

test.each([
  ['before the answer', false],
  ['in the middle of the answer', true],
])('a read whose connection breaks %s is sent again', async (_, inAnswer) => {
  breaks = 2;
  breaksInAnswer = inAnswer;
  await expect(ask('GET')).resolves.toEqual({ kind: 'Pod' });
  expect(requests).toBe(3);
});

test.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)(
  'of a %s whose connection breaks that is told',
  async (method) => {
    breaks = 1;
    breaksInAnswer = false;
    await expect(ask(method)).rejects.toMatchObject({ code: 0, message: expect.stringContaining('does not answer') });
    expect(requests).toBe(1);
  },
);
