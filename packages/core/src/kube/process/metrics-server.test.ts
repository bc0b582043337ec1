/** Real HTTPS, and reviews answered by a scripted API server. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { connect } from 'node:tls';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeServerCertificate } from '../../trust/x509/operations.ts';
import { FakeApiServer } from '../testing/fake-api-server.ts';
import { MetricsAccess } from './metrics-access.ts';
import { serveMetrics } from './metrics-server.ts';

const logger = pino({ level: 'silent' });
const monitoring = 'system:serviceaccount:monitoring:prometheus';
/** Who a token belongs to. */
const users: Record<string, string> = { good: monitoring, other: 'system:serviceaccount:shop:web' };

let api: FakeApiServer;
let stop: AbortController;
let reviews: string[];
let now: number;
let mayRead: boolean;

beforeEach(async () => {
  reviews = [];
  now = 0;
  mayRead = true;
  stop = new AbortController();
  api = await FakeApiServer.start(({ path, body, json }) => {
    const { spec } = JSON.parse(body);
    reviews.push(path);
    if (path.endsWith('/tokenreviews')) {
      const username = users[spec.token];
      json({ status: username ? { authenticated: true, user: { username, groups: ['g'] } } : { error: 'no' } });
    } else {
      const { path: url, verb } = spec.nonResourceAttributes;
      const isAsked = url === '/metrics' && verb === 'get' && spec.groups[0] === 'g';
      json({ status: { allowed: isAsked && mayRead && spec.user === monitoring } });
    }
  });
});
afterEach(async () => {
  stop.abort();
  await api[Symbol.asyncDispose]();
});

async function served(port = 0): Promise<number> {
  const options = {
    port,
    access: new MetricsAccess({ client: api.store().client, now: () => now }),
    makeCertificate: () => makeServerCertificate({ name: 'node-a' }),
    others: async () => 'dpu_vsp_of_another 1\n',
    logger,
    retryMs: 20,
  };
  return await new Promise((resolve) => void serveMetrics(options, stop.signal, resolve));
}

async function get(port: number, token?: string, path = '/metrics'): Promise<{ status?: number; text: string }> {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const message = request({ port, path, headers, host: 'localhost', rejectUnauthorized: false, agent: false });
  message.end();
  const [response] = await once(message, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, text: Buffer.concat(chunks).toString() };
}

test('metrics are for those whom the API server lets read them', async () => {
  const port = await served();
  expect(await get(port, 'good')).toMatchObject({ status: 200, text: expect.stringContaining('dpu_operator_') });
  expect((await get(port, 'good')).text).toMatch(/\ndpu_vsp_of_another 1\n$/);
  expect((await get(port)).text).not.toContain('of_another');
  expect(await get(port)).toMatchObject({ status: 401 });
  expect(await get(port, 'stolen')).toMatchObject({ status: 401 });
  const refused = await get(port, 'other');
  expect(refused.status).toBe(403);
  expect(refused.text).toContain('system:serviceaccount:shop:web may not get /metrics');
  expect(await get(port, 'good', '/debug')).toMatchObject({ status: 404 });
});

test('an answer holds for a minute, also a refusal', async () => {
  const port = await served();
  await Promise.all([get(port, 'good'), get(port, 'good'), get(port, 'stolen')]);
  await Promise.all([get(port, 'good'), get(port, 'stolen')]);
  expect(reviews.length).toBe(3);
  mayRead = false;
  now = 59_999;
  expect((await get(port, 'good')).status).toBe(200);
  now = 60_000;
  expect((await get(port, 'good')).status).toBe(403);
});

test('while the API server does not answer nobody reads, and nothing is remembered', async () => {
  const port = await served();
  const { handler } = api;
  api.handler = ({ json }) => json({ kind: 'Status', message: 'overloaded', code: 500 }, 500);
  expect(await get(port, 'good')).toMatchObject({ status: 503, text: expect.stringContaining('overloaded') });
  api.handler = handler;
  expect((await get(port, 'good')).status).toBe(200);
});

test('tokens that are tried out put no more than eight reviews at a time on the API server', async () => {
  const port = await served();
  const waiting: (() => void)[] = [];
  api.handler = ({ json }) => void waiting.push(() => json({ status: {} }));
  const tries = Array.from({ length: 20 }, (_, index) => get(port, `guess-${index}`));
  await vi.waitFor(() => expect(waiting.length).toBe(8));
  // Twelve are answered while the eight wait.
  const [first] = await Promise.all([Promise.race(tries)]);
  expect(first?.status).toBe(503);
  api.handler = ({ json }) => json({ status: {} });
  for (const finish of waiting) finish();
  const statuses = (await Promise.all(tries)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(8);
  expect(new Set(statuses)).toEqual(new Set([401, 503]));
});

test('the certificate is for a server, and names the node', async () => {
  const socket = connect({ port: await served(), host: 'localhost', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = new X509Certificate(socket.getPeerCertificate(true).raw);
  socket.destroy();
  expect(certificate.subjectAltName).toBe('DNS:node-a');
  expect(certificate.ca).toBe(false);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
});

test('a port that is taken is waited for', async () => {
  const other = createServer().listen(0);
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const taken = served(port);
  let failures = 0;
  logger.warn = () => {
    failures += 1;
  };
  await vi.waitFor(() => expect(failures).toBeGreaterThan(0));
  other.close();
  expect(await taken).toBe(port);
  expect((await get(port, 'good')).status).toBe(200);
});
