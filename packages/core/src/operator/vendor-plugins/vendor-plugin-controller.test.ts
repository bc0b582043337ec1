/** The controller of VendorPlugins, with a registry of a few lines. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ImageFound, ImageRequest } from '../../plugins/image/read-image.ts';
import type { LookedUp, LookupRequest } from '../../plugins/lookup/lookup.ts';
import { LookupError } from '../../plugins/lookup/lookup-error.ts';
import { runOf } from '../testing/plugin-runs.ts';
import { VendorPluginFixture } from '../testing/vendor-plugins.ts';

/** What the versions of the registry ask of their pods. */
let pod: object;
let optionalFields: string[];
const manifest = {
  contract: '^1.0.0',
  hostApi: '^1.0.0',
  products: [{ name: 'Acme', host: { detect: { pci: { vendor: '1af4', device: '1000' } }, identifier: 'acme' } }],
};

/** What the registry answers by what is asked for. */
let published: Record<string, string | LookupError>;
let asked: LookupRequest[];
let fixture: VendorPluginFixture;

async function lookUp(request: LookupRequest): Promise<LookedUp> {
  asked.push(request);
  const answer = published[request.requested];
  if (answer === undefined) throw new LookupError('VersionNotFound', 'there is no such version');
  if (answer instanceof LookupError) throw answer;
  const integrity = `sha512-${Buffer.from(answer).toString('base64')}`;
  const lock = request.locked?.version === answer ? undefined : `lock of ${request.packageName} ${answer}`;
  return { version: answer, integrity, manifest: { ...manifest, pod, optionalFields }, lock };
}

/** What the registry of images has by name. */
let images: Record<string, ImageFound>;
let read: string[];

async function readImage({ image }: ImageRequest): Promise<ImageFound> {
  read.push(image);
  const found = images[image];
  if (!found) throw new LookupError('ImageNotFound', 'there is no such image');
  return found;
}

beforeEach(async () => {
  images = {};
  read = [];
  published = { latest: '1.0.0', '1.0.0': '1.0.0', '^1': '1.0.0' };
  asked = [];
  pod = {};
  optionalFields = [];
  fixture = new VendorPluginFixture(lookUp, readImage);
  await fixture.start();
});
afterEach(() => fixture.stop());

const ready = (name: string, reason: string) =>
  vi.waitFor(() => expect(fixture.condition(name)).toMatchObject({ reason }));
const requests = () => asked.map(({ requested }) => requested);

test('finds a version, writes its lock, says so once', async () => {
  fixture.put('acme', { package: '@acme/p' });
  await ready('acme', 'Found');
  const [lock] = fixture.get('acme').status?.releases ?? [];
  expect(lock).toMatchObject({ requested: 'latest', version: '1.0.0', registry: 'https://registry.npmjs.org/' });
  expect(fixture.locks()).toEqual(new Map([[lock?.lock, { 'package-lock.json': 'lock of @acme/p 1.0.0' }]]));
  await vi.waitFor(() => expect(fixture.events()).toEqual(['Normal Found']));
  const writes = fixture.server.writes.length;
  // Changes that ask nothing of a registry.
  fixture.choose('c', { name: 'acme' });
  fixture.choose('d', { name: 'acme', version: '1.0.0' });
  await vi.waitFor(() => expect(fixture.condition('acme', 'VersionsReady')).toMatchObject({ status: 'True' }));
  expect(requests()).toEqual(['latest', '1.0.0']);
  expect(fixture.server.writes.slice(writes).filter((write) => !write.includes('/events'))).toHaveLength(1);
});

test('a field of a newer manifest that the plugin can do without is named; another one keeps the plugin out', async () => {
  pod = { cpuSet: '2-3' };
  optionalFields = ['pod.cpuSet'];
  fixture.put('acme', { package: '@acme/p' });
  await ready('acme', 'Found');
  const message = 'this operator does not know dpu.pod.cpuSet and does without, a newer one heeds it';
  expect(fixture.condition('acme')?.message).toContain(message);
  optionalFields = [];
  fixture.put('other', { package: '@acme/q' });
  await ready('other', 'ManifestInvalid');
  expect(fixture.condition('other')?.message).toContain('dpu.pod.cpuSet: there is no such field');
});

test('an operator that starts again asks nothing and writes nothing', async () => {
  fixture.put('acme', { package: '@acme/p', version: '^1' });
  await ready('acme', 'Found');
  await fixture.stop();
  const writes = fixture.server.writes.length;
  await fixture.start();
  // The next one is looked up after the first was looked at.
  fixture.put('other', { package: '@acme/q' });
  await ready('other', 'Found');
  expect(requests()).toEqual(['^1', 'latest']);
  expect(fixture.server.writes.slice(writes).filter((write) => write.includes('vendorplugins/acme'))).toEqual([]);
});

test('two VendorPlugins of one package each have their lock', async () => {
  fixture.put('a', { package: '@acme/p' });
  fixture.put('b', { package: '@acme/p' });
  await ready('a', 'Found');
  await ready('b', 'Found');
  expect(fixture.locks().size).toBe(2);
});

test('a version that cannot be had leaves the one before in use, and is tried again when that changes', async () => {
  fixture.put('acme', { package: '@acme/p', version: '1.0.0' });
  await ready('acme', 'Found');
  published['2.0.0'] = new LookupError('ManifestInvalid', 'dpu.products: is wrong');
  fixture.put('acme', { package: '@acme/p', version: '2.0.0' });
  await ready('acme', 'ManifestInvalid');
  expect(fixture.condition('acme')?.message).toBe('@acme/p@2.0.0: dpu.products: is wrong; version 1.0.0 stays in use');
  expect(fixture.get('acme').status).toMatchObject({ version: '1.0.0', releases: [{ version: '1.0.0' }] });
  published['2.0.1'] = '2.0.1';
  fixture.put('acme', { package: '@acme/p', version: '2.0.1' });
  await ready('acme', 'Found');
  expect(fixture.get('acme').status?.releases).toMatchObject([{ version: '2.0.1' }]);
  await vi.waitFor(() => expect(fixture.events()).toEqual(['Normal Found', 'Warning ManifestInvalid', 'Normal Found']));
});

test('the annotation asks for another look; a version that is still the same keeps its lock', async () => {
  fixture.put('acme', { package: '@acme/p', version: '^1' });
  await ready('acme', 'Found');
  const before = fixture.get('acme').status?.releases;
  fixture.put('acme', { package: '@acme/p', version: '^1' }, { 'dpu.config.openshift.io/refresh': '1' });
  await vi.waitFor(() => expect(fixture.get('acme').status?.lookup?.refresh).toBe('1'));
  expect(fixture.get('acme').status?.releases).toEqual(before);
  published['^1'] = '1.0.1';
  fixture.put('acme', { package: '@acme/p', version: '^1' }, { 'dpu.config.openshift.io/refresh': '2' });
  await vi.waitFor(() => expect(fixture.get('acme').status?.version).toBe('1.0.1'));
  expect(asked.map(({ locked }) => locked?.version)).toEqual([undefined, '1.0.0', '1.0.0']);
});

test('a version that asks for more waits until it is approved, and its lock is not written', async () => {
  fixture.put('acme', { package: '@acme/p', version: '^1' });
  await ready('acme', 'Found');
  published['^1'] = '1.1.0';
  pod = { capabilities: ['SYS_ADMIN'] };
  const look = (refresh: string) => ({ 'dpu.config.openshift.io/refresh': refresh });
  fixture.put('acme', { package: '@acme/p', version: '^1' }, look('1'));
  await ready('acme', 'ApprovalRequired');
  const how = `kubectl patch vendorplugin acme --type merge -p '{"spec":{"approvedVersion":"1.1.0"}}'`;
  expect(fixture.condition('acme')?.message).toBe(
    `@acme/p@^1: version 1.1.0 asks for more than what is in use: capability SYS_ADMIN; to approve it: ${how}; version 1.0.0 stays in use`,
  );
  expect(fixture.get('acme').status).toMatchObject({
    version: '1.0.0',
    releases: [{ requested: '^1', version: '1.0.0' }],
  });
  expect(fixture.locks().size).toBe(1);
  // Another version than the one that was approved asks again.
  fixture.put('acme', { package: '@acme/p', version: '^1', approvedVersion: '1.0.9' }, look('1'));
  await vi.waitFor(() => expect(asked).toHaveLength(3));
  await ready('acme', 'ApprovalRequired');
  fixture.put('acme', { package: '@acme/p', version: '^1', approvedVersion: '1.1.0' }, look('1'));
  await ready('acme', 'Found');
  expect(fixture.get('acme').status).toMatchObject({ version: '1.1.0', approved: { version: '1.1.0', pod } });
  // What was approved once needs no word for its next version.
  published['^1'] = '1.1.1';
  fixture.put('acme', { package: '@acme/p', version: '^1', approvedVersion: '1.1.0' }, look('2'));
  await vi.waitFor(() => expect(fixture.get('acme').status?.version).toBe('1.1.1'));
});

test('an image with another digest that asks for more waits until that digest is approved', async () => {
  const found = (digest: string, capabilities: string[]) => ({
    digest,
    architectures: ['amd64'],
    manifest: { ...manifest, pod: { capabilities } },
  });
  const [first, second] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`);
  if (!first || !second) throw new Error('there are two');
  const image = 'r.example.com/acme/vsp:1';
  images[image] = found(first, ['NET_ADMIN']);
  fixture.put('acme', { image });
  await ready('acme', 'Found');
  expect(fixture.get('acme').status).toMatchObject({ version: first, approved: { version: first } });
  images[image] = found(second, ['SYS_ADMIN']);
  const look = { 'dpu.config.openshift.io/refresh': '1' };
  fixture.put('acme', { image }, look);
  await ready('acme', 'ApprovalRequired');
  expect(fixture.condition('acme')?.message).toContain(`{"spec":{"approvedVersion":"${second}"}}`);
  expect(fixture.get('acme').status?.releases).toMatchObject([{ image: `r.example.com/acme/vsp@${first}` }]);
  fixture.put('acme', { image, approvedVersion: second }, look);
  await ready('acme', 'Found');
  expect(fixture.get('acme').status?.releases).toMatchObject([{ image: `r.example.com/acme/vsp@${second}` }]);
  // No version of it but its own.
  fixture.choose('c', { name: 'acme', version: '2' });
  await vi.waitFor(() => expect(fixture.condition('acme', 'VersionsReady')).toMatchObject({ reason: 'NoVersions' }));
  expect(read).toEqual([image, image, image]);
  expect(fixture.locks().size).toBe(0);
});

test('a tag of an image is resolved anew only when that is asked for: not for another field', async () => {
  const [first, second] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`);
  if (!first || !second) throw new Error('there are two');
  const found = (digest: string) => ({ digest, architectures: ['amd64'], manifest });
  const [image, other] = ['r.example.com/acme/vsp:1', 'r.example.com/acme/vsp:2'];
  images = { [image]: found(first), [`r.example.com/acme/vsp@${first}`]: found(first) };
  fixture.put('acme', { image });
  await ready('acme', 'Found');
  images[image] = found(second);
  const changed = { image, pod: { env: [{ name: 'A', value: 'b' }] } };
  fixture.put('acme', changed);
  await vi.waitFor(() => expect(fixture.get('acme').status?.lookup?.generation).toBe(2));
  expect(fixture.get('acme').status?.version).toBe(first);
  fixture.put('acme', changed, { 'dpu.config.openshift.io/refresh': '1' });
  await vi.waitFor(() => expect(fixture.get('acme').status?.version).toBe(second));
  images[other] = found(first);
  fixture.put('acme', { image: other }, { 'dpu.config.openshift.io/refresh': '1' });
  await vi.waitFor(() => expect(fixture.get('acme').status?.version).toBe(first));
});

test('a first version waits where its VendorPlugin says so', async () => {
  fixture.put('acme', { package: '@acme/p', requireApproval: true });
  await ready('acme', 'ApprovalRequired');
  expect(fixture.condition('acme')?.message).toContain(
    "version 1.0.0 asks for the node's network; to approve it: kubectl",
  );
  expect(fixture.get('acme').status?.releases).toEqual([]);
  fixture.put('acme', { package: '@acme/p', requireApproval: true, approvedVersion: '1.0.0' });
  await ready('acme', 'Found');
});

test('what was approved is remembered where no version is in use that could be compared with', async () => {
  fixture.put('acme', { package: '@acme/p' });
  await ready('acme', 'Found');
  await fixture.stop();
  fixture.forgetReleases('acme');
  pod = { hostPID: true };
  published.latest = '2.0.0';
  await fixture.start();
  await ready('acme', 'ApprovalRequired');
});

test('rights on the API need an account that a person has made', async () => {
  pod = { rbac: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] };
  fixture.put('acme', { package: '@acme/p' });
  await ready('acme', 'ServiceAccountMissing');
  expect(fixture.condition('acme')?.message).toContain(
    'kubectl create serviceaccount -n openshift-dpu-operator dpu-vsp-acme',
  );
  fixture.put('acme', { package: '@acme/p', pod: { serviceAccountName: 'dpu-vsp-acme' } });
  await ready('acme', 'Found');
});

test('two things at one place of a pod are refused', async () => {
  pod = { hostPaths: [{ path: '/sys' }] };
  const volumes = [{ name: 'a', emptyDir: {} }];
  fixture.put('acme', { package: '@acme/p', pod: { volumes, volumeMounts: [{ name: 'a', mountPath: '/sys/' }] } });
  await ready('acme', 'PodInvalid');
  expect(fixture.condition('acme')?.message).toContain('spec.pod.volumeMounts[0]: the manifest mounts');
});

test('an image for a companion that the manifest does not have is refused', async () => {
  pod = { dpu: { companions: [{ name: 'agent' }] } };
  fixture.put('acme', { package: '@acme/p', pod: { companions: [{ name: 'agnet', image: 'agent:1' }] } });
  await ready('acme', 'PodInvalid');
  expect(fixture.condition('acme')?.message).toContain(
    'spec.pod.companions[0].name: the manifest has no companion agnet, but agent',
  );
  fixture.put('acme', { package: '@acme/p', pod: { companions: [{ name: 'agent', image: 'agent:1' }] } });
  await ready('acme', 'Found');
});

test('a lock that somebody deletes is written again', async () => {
  fixture.put('acme', { package: '@acme/p' });
  await ready('acme', 'Found');
  const [name = ''] = fixture.locks().keys();
  fixture.deleteLock(name);
  await vi.waitFor(() => expect([...fixture.locks().keys()]).toEqual([name]));
});

test('a range is found anew only when that is asked for: not for a lost lock, nor for another field', async () => {
  fixture.put('acme', { package: '@acme/p', version: '^1' });
  await ready('acme', 'Found');
  Object.assign(published, { '^1': '1.1.0', '1.1.0': '1.1.0' });
  const [name = ''] = fixture.locks().keys();
  fixture.deleteLock(name);
  await vi.waitFor(() => expect([...fixture.locks().keys()]).toEqual([name]));
  fixture.put('acme', { package: '@acme/p', version: '^1', pod: { env: [{ name: 'A', value: 'b' }] } });
  await vi.waitFor(() => expect(fixture.get('acme').status?.lookup?.generation).toBe(2));
  expect(fixture.get('acme').status?.version).toBe('1.0.0');
  fixture.put('acme', { package: '@acme/p', version: '^1' }, { 'dpu.config.openshift.io/refresh': '1' });
  await vi.waitFor(() => expect(fixture.get('acme').status?.version).toBe('1.1.0'));
});

test('a VendorPlugin that is made again gives the DPUs that run it nothing new', async () => {
  fixture.putDpu('card', { ...runOf('1.0.0'), name: 'acme', package: '@acme/p' });
  Object.assign(published, { '^1': '1.1.0', '1.1.0': '1.1.0' });
  fixture.put('acme', { package: '@acme/p', version: '^1' });
  await vi.waitFor(() => expect(fixture.get('acme').status?.version).toBe('1.0.0'));
  fixture.delete('acme');
  fixture.put('acme', { package: '@acme/p', version: '>=1.1.0' });
  published['>=1.1.0'] = '1.1.0';
  await vi.waitFor(() => expect(fixture.get('acme').status?.version).toBe('1.1.0'));
});

test('a VendorPlugin that is made again with the same tag keeps what that was found to be, and with another one does not', async () => {
  fixture.putDpu('card', { ...runOf('1.0.0'), name: 'acme', package: '@acme/p', askedFor: 'latest' });
  Object.assign(published, { latest: '1.1.0', '1.1.0': '1.1.0', beta: '2.0.0' });
  fixture.put('acme', { package: '@acme/p' });
  await vi.waitFor(() => expect(fixture.get('acme').status?.version).toBe('1.0.0'));
  fixture.put('acme', { package: '@acme/p' }, { 'dpu.config.openshift.io/refresh': '1' });
  await vi.waitFor(() => expect(fixture.get('acme').status?.version).toBe('1.1.0'));
  fixture.delete('acme');
  fixture.put('acme', { package: '@acme/p', version: 'beta' });
  await vi.waitFor(() => expect(fixture.get('acme').status?.version).toBe('2.0.0'));
});

test('a VendorPlugin that is made again with the same tag of an image keeps the digest that most DPUs run', async () => {
  const [old, most, newest] = ['a', 'b', 'c'].map((letter) => `sha256:${letter.repeat(64)}`) as [
    string,
    string,
    string,
  ];
  const [image, other] = ['r.example.com/acme/vsp:1', 'r.example.com/acme/vsp:2'];
  const found = (digest: string) => ({ digest, architectures: ['amd64'], manifest });
  images = { [image]: found(newest), [other]: found(newest), [`r.example.com/acme/vsp@${most}`]: found(most) };
  [old, most, most].forEach((version, index) => {
    fixture.putDpu(`card-${index}`, { ...runOf('1'), name: 'acme', version, askedFor: image });
  });
  fixture.put('acme', { image });
  await vi.waitFor(() => expect(fixture.get('acme').status?.version).toBe(most));
  fixture.delete('acme');
  fixture.put('acme', { image: other });
  await vi.waitFor(() => expect(fixture.get('acme').status?.version).toBe(newest));
});

test('a VendorPlugin that is made again for another registry does not ask there for what DPUs have from the first', async () => {
  fixture.putDpu('card', {
    ...runOf('1.0.0'),
    name: 'acme',
    package: '@acme/p',
    registry: 'https://first.example.com',
  });
  Object.assign(published, { '^1': '1.1.0', '1.1.0': '1.1.0' });
  fixture.put('acme', { package: '@acme/p', version: '^1', registry: 'https://second.example.com' });
  await vi.waitFor(() => expect(fixture.get('acme').status?.version).toBe('1.1.0'));
});

test('what another controller says of a VendorPlugin is neither taken away nor a reason to write', async () => {
  fixture.put('acme', { package: '@acme/p' });
  await ready('acme', 'Found');
  await fixture.settled();
  const before = fixture.server.writes.length;
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  fixture.says('acme', { type: 'RolledOut', status: 'True', reason: 'Complete', message: '', lastTransitionTime });
  await fixture.settled();
  expect(fixture.server.writes.length).toBe(before);
  expect(fixture.condition('acme', 'RolledOut')).toMatchObject({ reason: 'Complete' });
});

test('of the locks that went out of use the last five stay', async () => {
  for (let patch = 0; patch < 8; patch++) {
    const version = `1.1.${patch}`;
    published[version] = version;
    fixture.put('acme', { package: '@acme/p', version });
    await vi.waitFor(() => expect(fixture.get('acme').status?.version).toBe(version));
  }
  await vi.waitFor(() => expect(fixture.locks().size).toBe(6));
});

test('a version that only a config asks for has a condition of its own', async () => {
  fixture.put('acme', { package: '@acme/p' });
  fixture.choose('c', { name: 'acme', version: '9.0.0' });
  await vi.waitFor(() =>
    expect(fixture.condition('acme', 'VersionsReady')).toMatchObject({ reason: 'VersionNotFound' }),
  );
  expect(fixture.condition('acme')).toMatchObject({ status: 'True' });
  fixture.choose('c', undefined);
  await vi.waitFor(() => expect(fixture.condition('acme', 'VersionsReady')).toBeUndefined());
});

test('credentials come from the Secret', async () => {
  const spec = { package: '@acme/p', credentialsSecret: { name: 'npm' } };
  fixture.put('acme', spec);
  await ready('acme', 'SecretMissing');
  fixture.putSecret('npm', { user: 'x' });
  fixture.put('acme', spec, { 'dpu.config.openshift.io/refresh': '1' });
  await ready('acme', 'SecretInvalid');
  fixture.putSecret('npm', { token: 'abc', registry: 'https://elsewhere.example.com' });
  fixture.put('acme', spec, { 'dpu.config.openshift.io/refresh': '2' });
  await vi.waitFor(() => expect(fixture.condition('acme')?.message).toContain('another registry'));
  fixture.putSecret('npm', { token: 'abc', registry: 'https://registry.npmjs.org' });
  fixture.put('acme', spec, { 'dpu.config.openshift.io/refresh': '3' });
  await ready('acme', 'Found');
  expect(asked.map(({ credentials }) => credentials)).toEqual([{ token: 'abc' }]);
  expect(JSON.stringify([...fixture.server.objects].filter(([path]) => !path.includes('secrets')))).not.toContain(
    'abc',
  );
});

test('the registry of the DpuOperatorConfig is that of plugins which name none, by https unless it is allowed by name', async () => {
  fixture.put('acme', { package: '@acme/p' });
  fixture.put('own', { package: '@acme/p', registry: 'https://own.example.com' });
  await ready('acme', 'Found');
  await ready('own', 'Found');
  fixture.putSecret('mirror', { token: 'abc', registry: 'http://mirror.example.com:4873' });
  const mirror = { registry: 'http://mirror.example.com:4873', credentialsSecret: { name: 'mirror' } };
  fixture.putConfig({ plugins: mirror });
  await vi.waitFor(() => expect(fixture.get('acme').status?.failures).toMatchObject([{ reason: 'RegistryInsecure' }]));
  fixture.putConfig({ plugins: { ...mirror, httpRegistries: ['mirror.example.com:4873'] } });
  const fromMirror = { registry: mirror.registry, credentialsSecret: 'mirror' };
  await vi.waitFor(() => expect(fixture.get('acme').status?.releases).toMatchObject([fromMirror]));
  expect(asked.filter(({ credentials }) => credentials).map(({ registry }) => registry)).toEqual([mirror.registry]);
  expect(fixture.get('own').status?.releases).toMatchObject([{ registry: 'https://own.example.com' }]);
});

test('an image with a manifest is a release without a version', async () => {
  fixture.put('go', { image: 'registry.example.com/vsp:1', manifest });
  await ready('go', 'Declared');
  expect(fixture.get('go').status?.releases).toEqual([
    { requested: 'latest', image: 'registry.example.com/vsp:1', manifest },
  ]);
  fixture.put('go', { image: 'registry.example.com/vsp:1', manifest: { ...manifest, contract: '^9.0.0' } });
  await ready('go', 'ContractUnsupported');
  expect(asked).toEqual([]);
});
