/** When a VendorPlugin's versions are looked up, and what its status says then. */
import { expect, test } from 'vitest';
import { dataProcessingUnitConfig } from '../../api/kinds/data-processing-unit-config.ts';
import { type VendorPlugin, type VendorPluginRelease, vendorPlugin } from '../../api/kinds/vendor-plugin.ts';
import { labels } from '../../api/names/names.ts';
import { uselessLocks } from './plugin-locks.ts';
import { type Attempt, planLookups, restoredAttempts, wantedVersions } from './vendor-plugin-plan.ts';
import { nextStatus, usableManifest } from './vendor-plugin-status.ts';

const apiVersion = 'config.openshift.io/v1';
const now = Date.parse('2026-01-01T00:00:00Z');
const manifest = {
  contract: '^1.0.0',
  hostApi: '^1.0.0',
  products: [{ name: 'Acme', host: { detect: { pci: { vendor: '1af4', device: '1000' } }, identifier: 'acme' } }],
  pod: { capabilities: ['NET_ADMIN'], hostPaths: [{ path: '/sys', readOnly: true }] },
};

const release = (requested: string, version = '1.0.0', more: object = {}): VendorPluginRelease => ({
  requested,
  package: '@acme/p',
  version,
  integrity: 'sha512-x',
  registry: 'https://r/',
  lock: `lock-${version}`,
  manifest,
  ...more,
});
const failure = (requested: string, reason = 'RegistryUnreachable') => ({
  requested,
  reason,
  message: `no ${requested}`,
});

function plugin(spec: object, status?: VendorPlugin['status'], metadata: object = {}): VendorPlugin {
  return vendorPlugin.schema.parse({
    apiVersion,
    kind: 'VendorPlugin',
    metadata: { name: 'acme', uid: 'u', generation: 1, ...metadata },
    spec: { package: '@acme/p', ...spec },
    status,
  });
}
const config = (name: string, choice: object) =>
  dataProcessingUnitConfig.schema.parse({
    apiVersion,
    kind: 'DataProcessingUnitConfig',
    metadata: { name, namespace: 'n' },
    spec: { plugin: choice },
  });

test('wanted are its own version and those that configs ask for, each once', () => {
  const configs = [
    config('a', { name: 'acme', version: '2.0.0' }),
    config('b', { name: 'acme', version: '2.0.0' }),
    config('c', { name: 'acme' }),
    config('d', { name: 'other', version: '3.0.0' }),
  ];
  expect(wantedVersions(plugin({ version: '^1' }), configs)).toEqual(['^1', '2.0.0']);
});

function plan(object: VendorPlugin, attempts: Record<string, Attempt>, usable = true, at = now) {
  return planLookups(object, [object.spec.version], new Map(Object.entries(attempts)), () => usable, at);
}
const found = plugin({ version: '^1' }, { releases: [release('^1')], lookup: { generation: 1 } });
const attempt: Attempt = { generation: 1, refresh: undefined, at: now };
const never = { due: [], wakeMs: undefined };
const atOnce = { due: ['^1'], wakeMs: undefined };

test('looked up once, and again when the question is another', () => {
  expect(plan(plugin({ version: '^1' }), {})).toEqual(atOnce);
  expect(plan(found, { '^1': attempt })).toEqual(never);
  expect(plan({ ...found, metadata: { ...found.metadata, generation: 2 } }, { '^1': attempt })).toEqual(atOnce);
  const annotations = { 'dpu.config.openshift.io/refresh': 'now' };
  expect(plan({ ...found, metadata: { ...found.metadata, annotations } }, { '^1': attempt })).toEqual(atOnce);
});

test('a release whose lock is gone is looked up', () => {
  expect(plan(found, { '^1': attempt }, false)).toEqual(atOnce);
});

test('an operator that starts believes what it finds, but for failures', () => {
  const restored = Object.fromEntries(restoredAttempts(found, now));
  expect(plan(found, restored)).toEqual(never);
  const failed = plugin({ version: '^1' }, { ...found.status, failures: [failure('^1')] });
  expect(plan(failed, Object.fromEntries(restoredAttempts(failed, now)))).toEqual(atOnce);
});

test('failures that may pass are tried again, each time later; others are not', () => {
  const failed = (reason: string, count: number) => ({ '^1': { ...attempt, failure: { reason, count } } });
  expect(plan(found, failed('RegistryUnreachable', 1))).toEqual({ due: [], wakeMs: 10_000 });
  expect(plan(found, failed('RegistryUnreachable', 3))).toEqual({ due: [], wakeMs: 40_000 });
  expect(plan(found, failed('RegistryUnreachable', 99))).toEqual({ due: [], wakeMs: 300_000 });
  expect(plan(found, failed('RegistryUnreachable', 1), true, now + 10_000)).toEqual(atOnce);
  expect(plan(found, failed('ManifestInvalid', 1))).toEqual(never);
});

test('a range is looked up again where that is asked for; an exact version never changes', () => {
  const ranged = plugin({ version: '^1', refreshMinutes: 5 }, found.status);
  expect(plan(ranged, { '^1': attempt })).toEqual({ due: [], wakeMs: 300_000 });
  const exact = plugin({ version: '1.0.0', refreshMinutes: 5 }, { ...found.status, releases: [release('1.0.0')] });
  expect(plan(exact, { '1.0.0': attempt })).toEqual(never);
});

test('the status tells version, products and what is asked of pods', () => {
  const status = nextStatus(plugin({ version: '^1' }), ['^1'], [{ release: release('^1', '1.2.0') }]);
  expect(status).toMatchObject({
    requested: '^1',
    version: '1.2.0',
    products: ['Acme'],
    asks: { host: ['capability NET_ADMIN', 'path /sys (read-only)', "the node's network"] },
    conditions: [{ type: 'Ready', status: 'True', reason: 'Found', observedGeneration: 1 }],
    lookup: { generation: 1 },
  });
  expect(status.failures).toEqual([]);
});

test('nothing new makes the very same status', () => {
  const status = nextStatus(plugin({ version: '^1' }), ['^1'], [{ release: release('^1') }]);
  expect(nextStatus(plugin({ version: '^1' }, status), ['^1'], [], new Date(now))).toEqual(status);
});

test('while the new version cannot be had, the one before stays in use', () => {
  const before = nextStatus(plugin({ version: '1.0.0' }), ['1.0.0'], [{ release: release('1.0.0') }]);
  const broken = plugin({ version: '2.0.0' }, before, { generation: 2 });
  const status = nextStatus(broken, ['2.0.0'], [{ failure: failure('2.0.0', 'ManifestInvalid') }]);
  expect(status).toMatchObject({ requested: '1.0.0', version: '1.0.0', releases: [{ requested: '1.0.0' }] });
  expect(status.conditions).toMatchObject([
    { status: 'False', reason: 'ManifestInvalid', message: 'no 2.0.0; version 1.0.0 stays in use' },
  ]);
  const mended = nextStatus(
    plugin({ version: '2.0.1' }, status, { generation: 3 }),
    ['2.0.1'],
    [{ release: release('2.0.1', '2.0.1') }],
  );
  expect(mended.releases).toMatchObject([{ requested: '2.0.1' }]);
  expect(mended.failures).toEqual([]);
});

test("a version that only a config asks for is no fault of the plugin's own", () => {
  const status = nextStatus(
    plugin({ version: '^1' }),
    ['^1', '9.0.0'],
    [{ release: release('^1') }, { failure: failure('9.0.0', 'VersionNotFound') }],
  );
  expect(status.conditions).toMatchObject([
    { type: 'Ready', status: 'True' },
    { type: 'VersionsReady', status: 'False', reason: 'VersionNotFound', message: 'no 9.0.0' },
  ]);
  const unasked = nextStatus(plugin({ version: '^1' }, status), ['^1'], []);
  expect(unasked.conditions).toMatchObject([{ type: 'Ready', status: 'True' }]);
  expect(unasked.failures).toEqual([]);
});

test('a release whose contract this operator has not is none', () => {
  const old = release('^1', '1.0.0', { manifest: { ...manifest, contract: '^0.9.0' } });
  const status = nextStatus(plugin({ version: '^1' }, { releases: [old] }), ['^1'], []);
  expect(status.releases).toEqual([]);
  expect(status.conditions).toMatchObject([{ status: 'False', reason: 'LookingUp' }]);
});

test('a release for another plugin host is none, unless it brings an image with its own', () => {
  const newer = { ...manifest, hostApi: '^2.0.0' };
  const releases = [
    release('2.0.0', '2.0.0', { manifest: newer }),
    release('2.0.1', '2.0.1', { manifest: { ...newer, image: 'registry.example.com/vsp:2' } }),
    release('0.9.0', '0.9.0', { manifest: { ...manifest, hostApi: undefined } }),
    { requested: 'latest', image: 'registry.example.com/go:1', manifest: { ...manifest, hostApi: undefined } },
  ];
  const requested = releases.map((one) => one.requested);
  const status = nextStatus(plugin({ version: '^1' }, { releases }), ['^1', ...requested], []);
  expect(status.releases?.map((one) => one.requested)).toEqual(['2.0.1', 'latest']);
});

test('the last locks stay, and those that a DPU names', () => {
  const lock = (age: number) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: `lock-${age}`,
      labels: { [labels.vendorPlugin]: 'u' },
      creationTimestamp: `2026-01-0${9 - age}T00:00:00Z`,
    },
  });
  const other = { ...lock(9), metadata: { name: 'other', labels: { [labels.vendorPlugin]: 'another' } } };
  const locks = [...[8, 7, 6, 5, 4, 3, 2, 1].map(lock), other];
  const dpu = { apiVersion, kind: 'DataProcessingUnit', metadata: { name: 'd', annotations: { release: 'lock-7' } } };
  const useless = uselessLocks(plugin({}), new Set(['lock-8']), locks, [dpu]);
  expect(useless.map(({ metadata }) => metadata.name)).toEqual(['lock-6']);
});

test('the manifest of a release is read once, also one that is of no use', () => {
  const reads = { useful: 0, useless: 0 };
  const counted = (kind: keyof typeof reads, value: object) =>
    Object.defineProperty(release('^1'), 'manifest', {
      get: () => {
        reads[kind] += 1;
        return value;
      },
    });
  const useful = counted('useful', manifest);
  const useless = counted('useless', { ...manifest, contract: '^9' });
  expect([useful, useful].map((each) => usableManifest(each)?.manifest.products[0]?.name)).toEqual(['Acme', 'Acme']);
  expect([useless, useless].map(usableManifest)).toEqual([undefined, undefined]);
  expect(reads).toEqual({ useful: 1, useless: 1 });
});
