/** Registries that never answer, beside one that does: what its VendorPlugins want is found all the same. */
import { createHash } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { manifestLabel } from '../../api/names/names.ts';
import { readImage } from '../../plugins/image/read-image.ts';
import type { LookUp } from '../../plugins/lookup/lookup.ts';
import { VendorPluginFixture } from '../testing/vendor-plugins.ts';

const manifest = {
  contract: '^1.0.0',
  hostApi: '^1.0.0',
  products: [{ name: 'Acme', host: { detect: { pci: { vendor: '1af4', device: '1000' } }, identifier: 'acme' } }],
};

let servers: Server[];
/** Packages that a registry of npm was asked for and does not answer. */
let unanswered: string[];
let fixture: VendorPluginFixture;

const lookUp: LookUp = async ({ packageName, requested, registry, signal }) => {
  signal?.throwIfAborted();
  if (registry.includes('slow')) {
    unanswered.push(packageName);
    const { promise, reject } = Promise.withResolvers<never>();
    signal?.addEventListener('abort', () => reject(signal.reason));
    return await promise;
  }
  return { version: '1.0.0', integrity: 'sha512-AAAA', manifest, lock: `lock of ${packageName} ${requested}` };
};

beforeEach(async () => {
  servers = [];
  unanswered = [];
  fixture = new VendorPluginFixture(lookUp, readImage);
  await fixture.start();
});
afterEach(async () => {
  await fixture.stop();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** @returns host and port */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function serveImage(): Promise<string> {
  const config = JSON.stringify({
    os: 'linux',
    architecture: 'amd64',
    config: { Labels: { [manifestLabel]: JSON.stringify(manifest) } },
  });
  const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`;
  return serve(({ url }, response) => {
    response.end(url?.includes('/blobs/') ? config : JSON.stringify({ config: { digest } }));
  });
}

test('images of a registry that never answers keep no other waiting, and are let go when another image is asked for', async () => {
  const asked: string[] = [];
  const closed: string[] = [];
  const hanging = await serve(({ url = '', socket }) => {
    asked.push(url);
    socket.on('close', () => closed.push(url));
  });
  const answering = await serveImage();
  fixture.putConfig({ plugins: { httpRegistries: [hanging, answering] } });
  for (let each = 0; each < 20; each++) fixture.put(`slow-${each}`, { image: `${hanging}/acme/${each}:1` });
  // Of one registry four at a time.
  await vi.waitFor(() => expect(asked).toHaveLength(4));
  fixture.put('good', { image: `${answering}/acme/vsp:1` });
  await vi.waitFor(() => expect(fixture.condition('good')).toMatchObject({ reason: 'Found' }));
  expect(asked).toHaveLength(4);
  expect(closed).toEqual([]);
  fixture.put('slow-0', { image: `${answering}/acme/vsp:1` });
  await vi.waitFor(() => expect(fixture.condition('slow-0')).toMatchObject({ reason: 'Found' }));
  await vi.waitFor(() => expect(closed).toHaveLength(1));
  await vi.waitFor(() => expect(asked).toHaveLength(5));
});

test('packages of a registry that never answers keep no other waiting', async () => {
  for (let each = 0; each < 20; each++) {
    fixture.put(`slow-${each}`, { package: `@slow/${each}`, registry: 'https://slow.example.com' });
  }
  await vi.waitFor(() => expect(unanswered).toHaveLength(2));
  fixture.put('good', { package: '@acme/p' });
  await vi.waitFor(() => expect(fixture.condition('good')).toMatchObject({ reason: 'Found' }));
  expect(unanswered).toHaveLength(2);
});

test('what another controller says of a VendorPlugin meanwhile stays, and no lookup is lost', async () => {
  const waiting = Promise.withResolvers<void>();
  const lookups: string[] = [];
  const answering = await serveImage();
  const late = await serve(async ({ url = '' }, response) => {
    lookups.push(url);
    await waiting.promise;
    response.writeHead(307, { location: `http://${answering}${url}` }).end();
  });
  fixture.putConfig({ plugins: { httpRegistries: [late, answering] } });
  fixture.put('acme', { image: `${late}/acme/vsp:1` });
  await vi.waitFor(() => expect(lookups).toHaveLength(1));
  const condition = { type: 'RolledOut', status: 'True', reason: 'NoDpus', message: '' } as const;
  fixture.says('acme', { ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' });
  await fixture.sees('acme', 'RolledOut');
  waiting.resolve();
  await vi.waitFor(() => expect(fixture.condition('acme')).toMatchObject({ reason: 'Found' }));
  expect(fixture.condition('acme', 'RolledOut')).toMatchObject(condition);
  // The image and its configuration, each once.
  expect(lookups).toHaveLength(2);
});
