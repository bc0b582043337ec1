import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { parseReference } from './reference.ts';
import { RegistryClient } from './registry-client.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** @returns host and port */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function clientOf(registry: string): RegistryClient {
  return new RegistryClient(parseReference(`${registry}/acme/vsp:1`), {
    login: { username: 'puller', password: 'secret' },
    authorities: [],
    isInsecure: () => true,
    signal: AbortSignal.timeout(60_000),
  });
}

test('whoever the registry leads to is sent no credentials, and cannot say where they go', async () => {
  const seen: (string | undefined)[] = [];
  const other: string = await serve(({ headers }, response) => {
    seen.push(headers.authorization);
    response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${other}/token"` }).end();
  });
  const registry = await serve((_, response) => {
    response.writeHead(307, { location: `http://${other}/blob` }).end();
  });
  using client = clientOf(registry);
  expect((await client.get('blobs/x')).status).toBe(401);
  expect(seen).toEqual([undefined]);
});

test.each([
  ['null', 401],
  ['{"token":"two\\nlines"}', 401],
  ['{"token":"good"}', 200],
])('of the token %s comes %i', async (token, status) => {
  const registry: string = await serve(({ url, headers }, response) => {
    if (url?.startsWith('/token')) response.end(token);
    else if (headers.authorization === 'Bearer good') response.end('it');
    else response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${registry}/token"` }).end();
  });
  using client = clientOf(registry);
  expect((await client.get('manifests/1')).status).toBe(status);
});

test.each([
  ['leads nowhere', { location: 'http://[' }, 'leads to what is no address'],
  ['leads in circles', { location: '/v2/acme/vsp/blobs/x' }, 'leads from one address to the next'],
])('a registry that %s is unreachable', async (_, headers, message) => {
  using client = clientOf(await serve((_request, response) => void response.writeHead(307, headers).end()));
  await expect(client.get('blobs/x')).rejects.toMatchObject({
    reason: 'RegistryUnreachable',
    message: expect.stringContaining(message),
  });
});

test('of an address that a registry leads to nothing but the host is told', async () => {
  const other = await serve((_, response) => void response.end(Buffer.alloc(5 * 1024 * 1024)));
  const location = `http://${other}/blob?signature=secret`;
  using client = clientOf(await serve((_, response) => void response.writeHead(307, { location }).end()));
  const error = await client.get('blobs/x').catch((reason) => reason);
  expect(error).toMatchObject({ reason: 'LookupFailed', message: expect.stringContaining(other) });
  expect(error.message).not.toContain('signature');
});
