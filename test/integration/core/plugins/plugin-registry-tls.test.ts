/** A guarded cluster: a private npm registry by TLS of an authority of its own, with credentials, and a proxy on the way. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookUp } from '@dpu-operator/core/plugins';
import { TestAuthority } from '@dpu-operator/core/trust/testing';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { type ConnectProxy, startConnectProxy } from '../../../support/network/connect-proxy.ts';
import { type Registry, startRegistry } from '../../../support/registries/registry.ts';
import { manifest, NodeDirectory, npmDirectory, publish } from './plugin-store-fixture.ts';

const packageName = '@example/private';
let directory: string;
let registry: Registry;
let proxy: ConnectProxy;
let node: NodeDirectory;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'registry-tls-'));
  const authority = await TestAuthority.create('npm');
  const ca = authority.authority.certificate;
  await writeFile(join(directory, 'ca-bundle.crt'), ca);
  const tls = { ...(await authority.issueServer('127.0.0.1')), ca };
  registry = await startRegistry({ restricted: ['@example/*'], tls, host: 'localhost' });
  await publish(registry, { name: packageName, version: '1.0.0', dpu: manifest });
  proxy = await startConnectProxy();
  node = await NodeDirectory.create();
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await node?.remove();
  await proxy?.stop();
  await registry?.stop();
  await rm(directory, { recursive: true, force: true });
});

const find = (more: object) =>
  lookUp({ packageName, requested: '1.0.0', registry: registry.url, npmDirectory, ...more });

it('is trusted by the ca.crt of its Secret, or by that of the whole installation, and not without', async () => {
  const { token, ca } = registry;
  await expect(find({ credentials: { token } })).rejects.toMatchObject({ reason: 'RegistryUntrusted' });
  await expect(find({ credentials: { token: 'wrong', ca } })).rejects.toMatchObject({ reason: 'Unauthorized' });
  const found = await find({ credentials: { token, ca } });
  const caBundle = join(directory, 'ca-bundle.crt');
  expect(await find({ credentials: { token }, caBundle })).toEqual(found);

  const installation = { packageName, found, registry: registry.url };
  const secret = { registry: registry.url, token };
  expect((await node.install({ ...installation, credentials: secret })).failure).toMatchObject({
    reason: 'RegistryUntrusted',
  });
  const installed = await node.install({ ...installation, credentials: { ...secret, 'ca.crt': ca ?? '' } });
  expect(installed).toMatchObject({ exitCode: 0 });
});

it('is reached through a proxy, by operator and node, but where there is to be none', async () => {
  const { token, ca = '', url } = registry;
  const { host } = new URL(url);
  vi.stubEnv('HTTPS_PROXY', proxy.url);
  const found = await find({ credentials: { token, ca } });
  const byOperator = proxy.asked.length;
  expect(new Set(proxy.asked)).toEqual(new Set([host]));
  const credentials = { registry: url, token, 'ca.crt': ca };
  const another = await NodeDirectory.create();
  try {
    await another.install({ packageName, found, registry: url, credentials });
    expect(await another.releases()).toHaveLength(1);
  } finally {
    await another.remove();
  }
  const both = proxy.asked.length;
  expect(both).toBeGreaterThan(byOperator);
  vi.stubEnv('NO_PROXY', 'localhost');
  await find({ credentials: { token, ca } });
  expect(proxy.asked).toHaveLength(both);
});
