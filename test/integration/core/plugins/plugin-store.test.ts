/** From a registry to a node: plugins are looked up, locked and installed, or refused with a reason. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { VendorPluginFixture } from '@dpu-operator/core/operator/testing';
import { type LookedUp, lockKeys, lookUp } from '@dpu-operator/core/plugins';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Registry, startRegistry, user } from '../../../support/registries/registry.ts';
import { manifest, NodeDirectory, npmDirectory, publish } from './plugin-store-fixture.ts';

const packageName = '@acme/plugin';
let registry: Registry;

beforeAll(async () => {
  registry = await startRegistry({ restricted: ['@example/*'] });
  await publish(registry, { name: '@acme/helper', version: '1.0.0' });
  await publish(registry, { name: '@acme/helper', version: '1.0.1' });
  const dependencies = { '@acme/helper': '^1.0.0' };
  // Were it run, the test would see its trace.
  const scripts = {
    preinstall: 'touch ran-a-script',
    install: 'touch ran-a-script',
    postinstall: 'touch ran-a-script',
  };
  await publish(registry, { name: packageName, version: '1.0.0', dependencies, scripts, dpu: manifest });
  await publish(registry, { name: packageName, version: '1.1.0', dependencies, dpu: manifest });
});
afterAll(() => registry.stop());

const find = (requested: string, more: object = {}): Promise<LookedUp> =>
  lookUp({ packageName, requested, registry: registry.url, npmDirectory, ...more });

const refused = (reason: string, message: string) =>
  expect.objectContaining({ name: 'LookupError', reason, message: expect.stringContaining(message) });

describe('a lookup', () => {
  it('finds the version of a range, with its manifest and the lock of all it needs', async () => {
    const found = await find('^1.0.0');
    expect(found).toMatchObject({ version: '1.1.0', manifest, integrity: expect.stringMatching(/^sha512-/) });
    expect(JSON.parse(found.lock ?? '').packages).toMatchObject({
      '': { dependencies: { [packageName]: '1.1.0' } },
      [`node_modules/${packageName}`]: { version: '1.1.0', integrity: found.integrity },
      'node_modules/@acme/helper': { version: '1.0.1', integrity: expect.stringMatching(/^sha512-/) },
    });
    expect(await find('latest')).toEqual(found);
  });

  it('locks nothing anew that is locked already', async () => {
    const { version, integrity } = await find('1.0.0');
    expect(await find('1.0.0', { locked: { version, integrity } })).toEqual({ version, integrity, manifest });
  });

  it('says what is not there', async () => {
    await expect(find('^2')).rejects.toThrow(refused('VersionNotFound', 'there are 1.1.0, 1.0.0, and the tags latest'));
    const packageName = '@acme/nothing';
    await expect(find('1.0.0', { packageName })).rejects.toThrow(
      refused('PackageNotFound', `no package ${packageName}`),
    );
  });

  it('refuses another tarball than the VendorPlugin names', async () => {
    const integrity = 'sha512-AAAA';
    await expect(find('1.0.0', { integrity })).rejects.toThrow(
      refused('IntegrityMismatch', 'spec.integrity is sha512-AAAA'),
    );
  });

  it('reads restricted packages with the right credentials alone', async () => {
    const packageName = '@example/private';
    await publish(registry, { name: packageName, version: '1.0.0', dpu: manifest });
    const withCredentials = (credentials?: object) => find('1.0.0', { packageName, credentials });
    expect(await withCredentials({ token: registry.token })).toMatchObject({ version: '1.0.0' });
    const right = { username: user.name, password: user.password };
    expect(await withCredentials(right)).toMatchObject({ version: '1.0.0' });
    await expect(withCredentials()).rejects.toThrow(refused('Unauthorized', 'spec.credentialsSecret'));
    await expect(withCredentials({ token: 'wrong' })).rejects.toThrow(
      refused('Unauthorized', 'spec.credentialsSecret'),
    );
    const nobody = { username: 'nobody', password: 'wrong' };
    await expect(withCredentials(nobody)).rejects.toThrow(refused('Unauthorized', 'spec.credentialsSecret'));
  });

  it.each([
    ['no manifest', undefined, 'ManifestMissing', 'no key `dpu`'],
    ['a broken manifest', { ...manifest, products: [] }, 'ManifestInvalid', 'dpu.products'],
    ['a contract that this operator has not', { ...manifest, contract: '^9.0.0' }, 'ContractUnsupported', '^9.0.0'],
    ['a host API that this operator has not', { ...manifest, hostApi: '^2.0.0', x: 1 }, 'HostApiUnsupported', '^2.0.0'],
    ['no host API', { ...manifest, hostApi: undefined }, 'HostApiUnsupported', 'is missing'],
  ])('refuses a package with %s', async (what, dpu, reason, message) => {
    const packageName = `@acme/${what.replaceAll(' ', '-')}`;
    await publish(registry, { name: packageName, version: '1.0.0', dpu });
    await expect(find('1.0.0', { packageName })).rejects.toThrow(refused(reason, message));
  });

  it.each([
    ['git', 'git+https://127.0.0.1:1/helper.git', 'DependencyUnsafe', 'EALLOWGIT'],
    ['url', 'http://127.0.0.1:1/helper.tgz', 'DependencyUnsafe', 'EALLOWREMOTE'],
    ['file', 'file:../helper', 'DependencyUnsafe', 'no registry vouches for'],
    ['missing', '^7.0.0', 'DependencyNotFound', '@acme/helper'],
  ])('refuses a dependency from elsewhere: %s', async (kind, spec, reason, message) => {
    const packageName = `@acme/needs-${kind}`;
    const dependencies = { '@acme/helper': spec };
    await publish(registry, { name: packageName, version: '1.0.0', dependencies, dpu: manifest });
    await expect(find('1.0.0', { packageName })).rejects.toThrow(refused(reason, message));
  });

  it('ends when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(find('1.0.0', { signal })).rejects.toThrow('enough');
  });

  it('tells a registry that is down, one that is none, and one that never answers', async () => {
    const down = 'http://127.0.0.1:1/';
    await expect(find('1.0.0', { registry: down })).rejects.toThrow(refused('RegistryUnreachable', 'ECONNREFUSED'));
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const url = `http://127.0.0.1:${(silent.address() as { port: number }).port}/`;
    await expect(find('1.0.0', { registry: url })).rejects.toThrow(refused('RegistryUnreachable', url));
    silent.close();
    const other = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'));
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const notNpm = `http://127.0.0.1:${(other.address() as { port: number }).port}/`;
    await expect(find('1.0.0', { registry: notNpm })).rejects.toThrow(refused('RegistryUnreachable', notNpm));
    other.close();
  });
});

describe('an installation', () => {
  let node: NodeDirectory;
  let found: LookedUp;

  beforeAll(async () => {
    found = await find('1.0.0');
  });
  beforeEach(async () => {
    node = await NodeDirectory.create();
  });
  afterEach(() => node.remove());

  const release = (more: object = {}) => ({ packageName, found, registry: registry.url, ...more });

  it('puts the package and what it needs on the node, and runs none of its scripts', async () => {
    const { exitCode, log } = await node.install(release());
    expect({ exitCode, log }).toMatchObject({ exitCode: 0, log: expect.stringContaining('packages: 2') });
    const directory = node.directoryOf(release());
    const read = (path: string) => readFile(join(directory, 'node_modules', path), 'utf8');
    expect(await read('@acme/plugin/index.js')).toContain('@acme/plugin 1.0.0');
    expect(await read('@acme/helper/index.js')).toContain('@acme/helper 1.0.1');
    const files = await readdir(directory, { recursive: true });
    expect(files.filter((file) => file.endsWith('ran-a-script'))).toEqual([]);
    expect((await stat(directory)).mode & 0o777).toBe(0o755);
  });

  it('needs neither registry nor lock for what is there', async () => {
    await node.install(release());
    const again = await node.install(release({ registry: 'http://127.0.0.1:1/', lock: undefined }));
    expect(again).toEqual({ exitCode: 0, log: '@acme/plugin 1.0.0: is there', failure: undefined });
  });

  it('may be done by several at once', async () => {
    const users = ['dpu-a', 'dpu-b', 'dpu-c'];
    const results = await Promise.all(users.map((user) => node.install(release({ user }))));
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    expect(await node.releases()).toHaveLength(1);
  });

  it.each([
    ['a lock that was changed', { lock: '{}' }, 'LockInvalid'],
    ['no lock', { lock: undefined }, 'LockMissing'],
    ['a registry that is down', { registry: 'http://127.0.0.1:1/' }, 'RegistryUnreachable'],
    ['a Secret without a token', { credentials: { Token: 'x' } }, 'CredentialsInvalid'],
  ])('is refused with %s, and leaves nothing', async (_, more, reason) => {
    // The lock names the registry that answered; one at another address is asked in its place.
    const lock = found.lock?.replaceAll(registry.url, 'http://127.0.0.1:1/');
    const moved = reason === 'RegistryUnreachable' ? { found: { ...found, lock } } : {};
    const { exitCode, failure } = await node.install(release({ ...moved, ...more }));
    expect({ exitCode, reason: failure?.reason }).toEqual({ exitCode: expect.any(Number), reason });
    expect(exitCode).not.toBe(0);
    expect(await node.releases()).toEqual([]);
  });

  it('refuses a tarball that was replaced, and one that was taken back', async () => {
    const name = '@acme/changes';
    const version = await publish(registry, { name, version: '1.0.0', dpu: manifest });
    const other = await publish(registry, { name, version: '1.0.1', dpu: manifest });
    const locked = await lookUp({ packageName: name, requested: '1.0.0', registry: registry.url, npmDirectory });
    const theirs = release({ packageName: name, found: locked });
    await registry.tamper(version, other);
    expect((await node.install(theirs)).failure).toMatchObject({
      reason: 'Tampered',
      message: expect.stringMatching(/has of @acme\/changes is not what was locked.*EINTEGRITY/),
    });
    await registry.unpublish(version);
    expect((await node.install(theirs)).failure).toMatchObject({ reason: 'Unpublished' });
    expect(await node.releases()).toEqual([]);
    expect(existsSync(node.directoryOf(theirs))).toBe(false);
  });

  it('reads restricted packages with the credentials of the Secret', async () => {
    const packageName = '@example/restricted';
    await publish(registry, { name: packageName, version: '1.0.0', dpu: manifest });
    const credentials = { token: registry.token };
    const theirs = release({ packageName, found: await find('1.0.0', { packageName, credentials }) });
    expect((await node.install(theirs)).failure).toMatchObject({ reason: 'Unauthorized' });
    const elsewhere = { ...credentials, registry: 'https://npm.example.com' };
    expect((await node.install({ ...theirs, credentials: elsewhere })).failure).toMatchObject({
      reason: 'CredentialsInvalid',
    });
    const theirOwn = { ...credentials, registry: registry.url };
    expect(await node.install({ ...theirs, credentials: theirOwn })).toMatchObject({ exitCode: 0 });
  });
});

describe('a VendorPlugin', () => {
  const name = 'acme';
  const packageName = '@example/selected';
  const fixture = new VendorPluginFixture(lookUp);
  const ready = (reason: string) => vi.waitFor(() => expect(fixture.condition(name)).toMatchObject({ reason }));
  const spec = (version: string, more: object = {}) => ({
    package: packageName,
    version,
    registry: registry.url,
    credentialsSecret: { name: 'npm' },
    ...more,
  });

  beforeAll(async () => {
    await fixture.start({ NPM_DIRECTORY: npmDirectory });
    fixture.putConfig({ plugins: { httpRegistries: [new URL(registry.url).host, '127.0.0.1:1'] } });
  });
  afterAll(() => fixture.stop());

  it('asks for credentials, then is ready with what a node installs', async () => {
    await publish(registry, {
      name: packageName,
      version: '1.0.0',
      dependencies: { '@acme/helper': '*' },
      dpu: manifest,
    });
    fixture.put(name, spec('1.0.0'));
    await ready('SecretMissing');
    fixture.putSecret('npm', { token: 'wrong', registry: registry.url });
    fixture.put(name, spec('1.0.0'), { 'dpu.config.openshift.io/refresh': '1' });
    await ready('Unauthorized');
    fixture.putSecret('npm', { token: registry.token, registry: registry.url });
    fixture.put(name, spec('1.0.0'), { 'dpu.config.openshift.io/refresh': '2' });
    await ready('Found');
    const { status } = fixture.get(name);
    expect(status).toMatchObject({
      version: '1.0.0',
      products: ['Acme'],
      asks: { host: ['capability NET_ADMIN', "the node's network"] },
    });
    const [release] = status?.releases ?? [];
    const lock = fixture.locks().get(release?.lock ?? '')?.[lockKeys.plain];
    const { version = '', integrity = '' } = release ?? {};
    const node = await NodeDirectory.create();
    const found = { version, integrity, manifest, lock };
    const credentials = { token: registry.token, registry: registry.url };
    expect(await node.install({ packageName, found, registry: registry.url, credentials })).toMatchObject({
      exitCode: 0,
    });
    await node.remove();
  });

  it('keeps what was found when a broken version follows, and goes on with the next', async () => {
    await publish(registry, { name: packageName, version: '1.0.1', dpu: { ...manifest, products: 'none' } });
    fixture.put(name, spec('1.0.1'));
    await ready('ManifestInvalid');
    expect(fixture.condition(name)?.message).toMatch(/dpu\.products: .*; version 1\.0\.0 stays in use$/);
    await publish(registry, { name: packageName, version: '1.0.2', dpu: manifest });
    fixture.put(name, spec('^1.0.1'));
    await ready('Found');
    expect(fixture.get(name).status).toMatchObject({ version: '1.0.2', releases: [{ requested: '^1.0.1' }] });
  });

  it('keeps what was found when the registry is gone', async () => {
    fixture.putSecret('npm', { token: registry.token, registry: 'http://127.0.0.1:1/' });
    fixture.put(name, spec('^1.0.1', { registry: 'http://127.0.0.1:1/' }));
    await ready('RegistryUnreachable');
    expect(fixture.get(name).status).toMatchObject({ version: '1.0.2', releases: [{ registry: registry.url }] });
  });
});
