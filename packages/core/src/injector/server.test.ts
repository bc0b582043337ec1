import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { resourceName } from '../api/names/names.ts';
import { ApiError } from '../kube/client/api-error.ts';
import { type KeyAndCertificate, makeServerCertificate } from '../trust/x509/operations.ts';
import { readCertificate, watchCertificate } from './certificate-files.ts';
import type { AdmissionAnswer } from './review.ts';
import { serveWebhook, type WebhookServer } from './server.ts';
import { defaultSettings } from './settings.ts';
import { definitions, podWith } from './testing/pods.ts';

const logger = pino({ level: 'silent' });
let certificate: KeyAndCertificate;
let server: WebhookServer;
/** Names of the networks that were looked for. */
const asks: string[] = [];

beforeAll(async () => {
  certificate = await makeServerCertificate({ name: 'localhost' });
  server = await serveWebhook({
    port: 0,
    host: '127.0.0.1',
    certificate,
    logger,
    settings: () => defaultSettings,
    definitions: {
      find: async ({ namespace, name }) => {
        asks.push(name);
        if (name === 'unknown') throw new ApiError('the API server is away', 503, '');
        return definitions[`${namespace}/${name}`];
      },
    },
  });
});

afterAll(() => server.close());

interface Call {
  body?: string;
  contentType?: string;
  method?: string;
  path?: string;
  ca?: string;
  agent?: Agent | false;
  port?: number;
}

interface Reply {
  status: number;
  answer: AdmissionAnswer;
  /** SHA-256 of the server's certificate. */
  fingerprint: string;
  /** Of the caller's end of the connection. */
  localPort: number;
}

async function call({ body = '', contentType = 'application/json', ...rest }: Call): Promise<Reply> {
  const { method = 'POST', path = '/mutate', ca = certificate.certificate, agent = false, port = server.port } = rest;
  return await new Promise((resolve, reject) => {
    const sent = httpsRequest(
      {
        host: '127.0.0.1',
        servername: 'localhost',
        port,
        method,
        path,
        ca,
        agent,
        headers: { 'Content-Type': contentType },
      },
      (response) => {
        const socket = response.socket as TLSSocket;
        const { fingerprint256 } = socket.getPeerCertificate();
        const { localPort = 0 } = socket;
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => {
          text += part;
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            answer: JSON.parse(text),
            fingerprint: fingerprint256,
            localPort,
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const newPod = { uid: 'u-1', kind: { group: '', kind: 'Pod' }, operation: 'CREATE', namespace: 'default' };
const review = (request: object | null | undefined, more: object = {}) =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request, ...more });
const asked = async (request: object) => (await call({ body: review({ ...newPod, ...request }) })).answer.response;

test('a pod gets what its networks need, as a JSON patch', async () => {
  const { status, answer } = await call({
    body: review({ ...newPod, object: podWith('net') }),
    contentType: 'application/json; charset=utf-8',
  });
  expect(status).toBe(200);
  expect(answer).toMatchObject({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: 'u-1', allowed: true, patchType: 'JSONPatch' },
  });
  const [first] = JSON.parse(Buffer.from(answer.response.patch ?? '', 'base64').toString());
  expect(first).toEqual({
    op: 'add',
    path: '/spec/containers/0/resources',
    value: { requests: { [resourceName]: '1' }, limits: { [resourceName]: '1' } },
  });
});

test('the older version of reviews is answered in its own', async () => {
  const { answer } = await call({
    body: review({ ...newPod, object: podWith('net') }, { apiVersion: 'admission.k8s.io/v1beta1' }),
  });
  expect(answer.apiVersion).toBe('admission.k8s.io/v1beta1');
});

test.each<[string, object]>([
  ['a pod without networks', { object: podWith(undefined) }],
  ['a pod without annotations', { object: { metadata: {}, spec: { containers: [{ name: 'a' }] } } }],
  ['null lists', { object: podWith('net', { containers: null, volumes: null, nodeSelector: null }) }],
  ['no containers', { object: podWith('net', {}) }],
  ['another kind', { kind: { group: 'apps', kind: 'Deployment' }, object: podWith('net') }],
  ['a change', { operation: 'UPDATE', object: podWith('net') }],
  ['a deletion, without an object', { operation: 'DELETE', object: null }],
  ['kube-system', { namespace: 'kube-system', object: podWith('net') }],
])('%s goes as it is', async (_, request) => {
  expect(await asked(request)).toEqual({ uid: 'u-1', allowed: true });
});

test.each<[string, object, string]>([
  ['an absent network', { object: podWith('absent') }, 'there is no NetworkAttachmentDefinition default/absent'],
  [
    'one of another namespace',
    { namespace: 'team', object: podWith('default/net,other') },
    'NetworkAttachmentDefinition team/other',
  ],
  [
    'a pod of another shape',
    { object: { metadata: {}, spec: { containers: {} } } },
    'request.object: spec.containers: ',
  ],
  ['no object', {}, 'request.object: '],
])('%s is refused, with the reason', async (_, request, message) => {
  expect(await asked(request)).toEqual({
    uid: 'u-1',
    allowed: false,
    status: { code: expect.any(Number), message: expect.stringContaining(message) },
  });
});

test('of the networks of a pod none is looked for after one that is not there', async () => {
  asks.length = 0;
  const response = await asked({ object: podWith('net,net,absent,unknown') });
  expect(response.status?.message).toContain('default/absent');
  expect(asks).toEqual(['net', 'absent']);
});

test('a review of 3 MB is answered', async () => {
  const pod = podWith('net');
  pod.metadata.annotations = { ...pod.metadata.annotations, large: 'x'.repeat(3 * 1024 * 1024) };
  expect(await asked({ object: pod })).toMatchObject({ allowed: true, patchType: 'JSONPatch' });
});

test.each<[string, Call, number, string]>([
  ['no JSON', { body: '{' }, 400, 'the review is no JSON'],
  ['nothing', {}, 400, 'the review is no JSON'],
  ['null', { body: 'null' }, 200, 'expected object'],
  ['no request', { body: review(undefined) }, 200, 'request: '],
  ['a request that is null', { body: review(null) }, 200, 'request: '],
  ['another kind of document', { body: JSON.stringify({ kind: 'Pod', request: newPod }) }, 200, 'kind: '],
  ['text', { body: '{}', contentType: 'text/plain' }, 415, "'text/plain' is not application/json"],
  ['too much', { body: 'x'.repeat(9 * 1024 * 1024) }, 413, 'more than 8388608 bytes'],
  ['too much of little', { body: '['.repeat(10_001) }, 413, 'more than 10000 members and elements'],
  [
    'what is wrong all over',
    { body: review({ ...newPod, object: podWith('net', { containers: Array(5_000).fill(1) }) }) },
    200,
    'and 4990 more',
  ],
  ['another path', { path: '/validate', body: '{}' }, 404, 'POST /mutate'],
  ['another method', { method: 'PUT', body: '{}' }, 405, 'PUT'],
])('%s is answered with the reason', async (_, message, status, reason) => {
  const reply = await call(message);
  expect(reply.status).toBe(status);
  expect(reply.answer).toMatchObject({
    kind: 'AdmissionReview',
    response: { allowed: false, status: { message: expect.stringContaining(reason) } },
  });
});

test('where the API server does not say whether a network exists, the call fails and is not taken for a refusal', async () => {
  const reply = await call({ body: review({ ...newPod, object: podWith('unknown') }) });
  expect(reply.status).toBe(500);
  expect(reply.answer.response.status?.message).toContain('the API server is away');
});

describe('with limits', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  /** @returns the port */
  async function serveWith(limits: { requestMs?: number; connections?: number }): Promise<number> {
    const definitions = { find: async () => undefined };
    const settings = () => defaultSettings;
    const options = { port: 0, host: '127.0.0.1', certificate, logger, settings, definitions };
    const { port, close } = await serveWebhook({ ...options, ...limits });
    cleanups.push(close);
    return port;
  }

  test.each([
    ['that says nothing', ''],
    ['whose headers do not end', 'POST /mutate HTTP/1.1\r\nHost: localhost\r\n'],
    [
      'whose body does not end',
      'POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    ],
  ])('a caller %s loses its connection', async (_, text) => {
    const port = await serveWith({ requestMs: 100 });
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: certificate.certificate });
    cleanups.push(() => socket.destroy());
    socket.on('error', () => {});
    await new Promise((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('close', () => reject(new Error('closed')));
    });
    socket.resume().write(text);
    await new Promise((resolve) => socket.once('close', resolve));
  });

  test('of as many connections as there may be the one that was used least lately gives way to another', async () => {
    const port = await serveWith({ connections: 3 });
    const agents = Array.from({ length: 5 }, () => new Agent({ keepAlive: true }));
    cleanups.push(() => agents.forEach((agent) => void agent.destroy()));
    const ask = async (agent: Agent) => (await call({ body: '{}', port, agent })).localPort;
    const [first, second, third, fourth, fifth] = agents as [Agent, Agent, Agent, Agent, Agent];
    const [firstPort, , thirdPort] = [await ask(first), await ask(second), await ask(third)];
    for (const agent of [first, fourth, fifth]) await ask(agent);
    expect(await ask(first)).toBe(firstPort);
    expect(await ask(third)).not.toBe(thirdPort);
  });
});

test('another certificate is used without a restart; open connections go on', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'injector-tls-'));
  const stop = new AbortController();
  const agent = new Agent({ keepAlive: true });
  const write = ({ key, certificate }: KeyAndCertificate) => {
    for (const [name, text] of Object.entries({ 'tls.key': key, 'tls.crt': certificate })) {
      writeFileSync(join(directory, `.${name}`), text);
      renameSync(join(directory, `.${name}`), join(directory, name));
    }
  };
  try {
    write(certificate);
    const onChange = vi.fn((changed: KeyAndCertificate) => server.use(changed));
    watchCertificate(
      { directory, current: await readCertificate(directory), onChange, logger, intervalMs: 10 },
      stop.signal,
    );
    const before = await call({ body: '{}', agent });
    const other = await makeServerCertificate({ name: 'localhost' });
    // What does not fit is not taken.
    const wrong = [
      { key: 'no key' },
      { key: '' },
      { certificate: '' },
      { key: '', certificate: '' },
      { key: other.key },
    ];
    for (const files of wrong) {
      write({ ...certificate, ...files });
      await expect(readCertificate(directory)).rejects.toThrow(`${directory}: tls.key and tls.crt cannot be used`);
    }
    write(other);
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledWith(other));
    const after = await call({ body: '{}', ca: other.certificate });
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect((await call({ body: '{}', agent })).fingerprint).toBe(before.fingerprint);
  } finally {
    stop.abort();
    agent.destroy();
    server.use(certificate);
    rmSync(directory, { recursive: true });
  }
});
