/** From a registry of images to a VendorPlugin's status: by TLS of an authority of its own, with credentials, or not. */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VendorPluginFixture } from '@dpu-operator/core/operator/testing';
import { type ImageFound, parsePullSecret, pullSecretType, readImage } from '@dpu-operator/core/plugins';
import { TestAuthority } from '@dpu-operator/core/trust/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startConnectProxy } from '../../../support/network/connect-proxy.ts';
import { type ImageRegistry, startImageRegistry } from '../../../support/registries/image-registry.ts';
import { startTokenServer, type TokenServer } from '../../../support/registries/image-tokens.ts';
import { pushImage } from '../../../support/registries/push-image.ts';
import { manifest } from './plugin-store-fixture.ts';

const label = 'dpu.config.openshift.io/manifest';
const labels = { [label]: JSON.stringify(manifest) };
const login = { username: 'puller', password: 'only-for-tests' };
/** Of that password, by bcrypt: the only form that docker-registry knows. */
const htpasswd = 'puller:$2y$04$0123456789abcdefghijkeToR5zdIAoVQwv6sgcIQBLw6PyeowUme\n';

let directory: string;
let authority: TestAuthority;
/** Where images are pushed to; what the others have is the same. */
let plain: ImageRegistry;
let guarded: ImageRegistry;
let byToken: ImageRegistry;
let tokens: TokenServer;
let digest: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plugin-image-'));
  authority = await TestAuthority.create('images');
  const tls = await authority.issueServer('127.0.0.1');
  plain = await startImageRegistry(console.log);
  await writeFile(join(directory, 'htpasswd'), htpasswd);
  const { data } = plain;
  const auth = { htpasswd: { realm: 'test', path: join(directory, 'htpasswd') } };
  guarded = await startImageRegistry(console.log, { data, tls, auth });
  tokens = await startTokenServer(tls, authority.authority, login);
  await writeFile(join(directory, 'bundle.crt'), authority.authority.certificate);
  byToken = await startImageRegistry(console.log, { data, tls, auth: tokens.auth(join(directory, 'bundle.crt')) });
  const push = (tag: string, ...images: Parameters<typeof pushImage>[3]) =>
    pushImage(plain.name, 'acme/vsp', tag, images);
  digest = await push('1', { architecture: 'amd64', labels }, { architecture: 'arm64', labels });
  await push('one', { architecture: 'arm64', labels });
  await push('bare', { architecture: 'amd64' });
  await push('windows', { os: 'windows', architecture: 'amd64', labels });
  const other = { [label]: JSON.stringify({ ...manifest, disturbsTraffic: true }) };
  await push('mixed', { architecture: 'amd64', labels }, { architecture: 'arm64', labels: other });
  await push('text', { architecture: 'amd64', labels: { [label]: 'contract: ^1.0.0' } });
  await push('wrong', { architecture: 'amd64', labels: { [label]: JSON.stringify({ ...manifest, products: [] }) } });
});
afterAll(async () => {
  for (const server of [guarded, byToken, plain, tokens]) await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

function secretData(registry: ImageRegistry, { username, password }: typeof login, more: Record<string, string> = {}) {
  const auths = { [registry.name]: { auth: Buffer.from(`${username}:${password}`).toString('base64') } };
  return { '.dockerconfigjson': JSON.stringify({ auths }), ...more };
}

function read(registry: ImageRegistry, more: object = {}): Promise<ImageFound> {
  const secrets = [
    parsePullSecret(pullSecretType, secretData(registry, login, { 'ca.crt': authority.authority.certificate })),
  ];
  return readImage({ image: `${registry.name}/acme/vsp:1`, secrets, httpRegistries: [], ...more });
}

describe('a VendorPlugin of an image', () => {
  const name = 'acme';
  const fixture = new VendorPluginFixture(() => Promise.reject(new Error('asks no npm registry')), readImage);
  let looks = 0;
  const put = (spec: object) => fixture.put(name, spec, { 'dpu.config.openshift.io/refresh': String(++looks) });
  const pod = { imagePullSecrets: [{ name: 'images' }] };
  const says = async (reason: string, words: string) => {
    await vi.waitFor(() => expect(fixture.get(name).status?.lookup?.refresh).toBe(String(looks)));
    expect(fixture.condition(name)).toMatchObject({ reason, message: expect.stringContaining(words) });
  };
  const image = (tag: string, registry = guarded) => `${registry.name}/acme/vsp:${tag}`;

  beforeAll(() => fixture.start());
  afterAll(() => fixture.stop());

  it('says what it needs, one thing after the other, and then has manifest and digest', async () => {
    put({ image: image('1'), pod });
    await says('SecretMissing', 'create it, with type kubernetes.io/dockerconfigjson');
    fixture.putSecret('images', { token: 'x' });
    put({ image: image('1'), pod });
    await says('SecretInvalid', 'must be kubernetes.io/dockerconfigjson');
    fixture.putSecret('images', secretData(guarded, login), pullSecretType);
    put({ image: image('1'), pod });
    await says('RegistryUntrusted', 'ca.crt of the Secret');
    const ca = { 'ca.crt': authority.authority.certificate };
    fixture.putSecret('images', secretData(guarded, { ...login, password: 'wrong' }, ca), pullSecretType);
    put({ image: image('1'), pod });
    await says('Unauthorized', 'spec.pod.imagePullSecrets');
    fixture.putSecret('images', secretData(guarded, login, ca), pullSecretType);
    put({ image: image('1'), pod });
    await says('Found', 'for amd64 and arm64');
    expect(fixture.get(name).status).toMatchObject({
      version: digest,
      products: ['Acme'],
      asks: { host: ['capability NET_ADMIN', "the node's network"] },
      releases: [{ image: `${guarded.name}/acme/vsp@${digest}`, architectures: ['amd64', 'arm64'], manifest }],
    });
  });

  it('uses the Secrets of the account of its pods where it names none', async () => {
    fixture.putAccount('dpu-vsp', ['gone', 'images']);
    put({ image: image('one') });
    await says('Found', 'for arm64');
  });

  it.each([
    ['absent', 'ImageNotFound', 'check spec.image'],
    ['bare', 'ManifestMissing', `no label ${label}`],
    ['windows', 'ArchitectureMissing', 'windows/amd64'],
    ['mixed', 'ManifestInvalid', 'for arm64 is another than for amd64'],
    ['text', 'ManifestInvalid', 'no JSON object'],
    ['wrong', 'ManifestInvalid', 'dpu.products'],
  ])('of the tag %s is refused: %s', async (tag, reason, words) => {
    put({ image: image(tag), pod });
    await says(reason, words);
    expect(fixture.condition(name)?.message).toContain('stays in use');
  });

  it('is taken by http only where the DpuOperatorConfig names the registry', async () => {
    put({ image: image('1', plain) });
    await says('RegistryInsecure', `add it to spec.plugins.httpRegistries`);
    fixture.putConfig({ plugins: { httpRegistries: [plain.name] } });
    await vi.waitFor(() => expect(fixture.condition(name)).toMatchObject({ reason: 'Found' }));
  });

  it('is taken from a mirror, and keeps its name', async () => {
    fixture.putConfig({ plugins: { imageMirrors: [{ source: 'registry.invalid/dpu', mirror: guarded.name }] } });
    put({ image: `registry.invalid/dpu/acme/vsp@${digest}`, pod });
    await says('Found', `registry.invalid/dpu/acme/vsp@${digest}`);
  });
});

describe('an image', () => {
  it('is read with a token, which the registry asks somebody else for', async () => {
    expect(await read(byToken)).toMatchObject({ digest, manifest });
    expect(tokens.given).toContain('repository:acme/vsp:pull');
    const secrets = [parsePullSecret(pullSecretType, secretData(guarded, login))];
    const caBundle = join(directory, 'bundle.crt');
    await expect(read(byToken, { secrets, caBundle })).rejects.toMatchObject({ reason: 'Unauthorized' });
  });

  it('is read where the whole installation trusts the authority', async () => {
    const secrets = [parsePullSecret(pullSecretType, secretData(guarded, login))];
    expect(await read(guarded, { secrets, caBundle: join(directory, 'bundle.crt') })).toMatchObject({ digest });
  });

  it('is read through a proxy, but where there is to be none', async () => {
    const proxy = await startConnectProxy();
    try {
      vi.stubEnv('HTTPS_PROXY', proxy.url);
      await read(guarded);
      const through = proxy.asked.length;
      expect(new Set(proxy.asked)).toEqual(new Set([guarded.name]));
      vi.stubEnv('NO_PROXY', '127.0.0.1');
      await read(guarded);
      expect(proxy.asked).toHaveLength(through);
    } finally {
      vi.unstubAllEnvs();
      await proxy.stop();
    }
  });

  it('is refused where it is another than its digest says', async () => {
    const hash = digest.replace('sha256:', '');
    await appendFile(join(plain.data, 'docker/registry/v2/blobs/sha256', hash.slice(0, 2), hash, 'data'), '\n');
    const image = `${guarded.name}/acme/vsp@${digest}`;
    await expect(read(guarded, { image })).rejects.toMatchObject({ reason: 'IntegrityMismatch' });
  });
});
