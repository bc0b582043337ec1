import { expect, test } from 'vitest';
import type { VendorPlugin } from '../api/kinds/vendor-plugin.ts';
import { PluginCatalog } from './catalog.ts';

const manifest = {
  contract: '^1.0.0',
  products: [{ name: 'Card', host: { detect: { nodeLabel: { key: 'a', values: ['b'] } }, identifier: 'card-{node}' } }],
};

function vendor(name: string, day: number, status: VendorPlugin['status'] = {}): VendorPlugin {
  return {
    apiVersion: 'config.openshift.io/v1',
    kind: 'VendorPlugin',
    metadata: { name, creationTimestamp: `2026-01-0${day}T00:00:00Z` },
    spec: { package: '@acme/vsp', version: '^1.0.0' },
    status,
  };
}

const release = (requested: string, version: string, more: object = {}) => ({
  requested,
  version,
  integrity: 'sha512-a',
  lock: `lock-${version}`,
  manifest: { ...manifest, ...more },
});

test('plugins of the operator come first, then older VendorPlugins', () => {
  const status = { releases: [release('^1.0.0', '1.2.0')] };
  const catalog = new PluginCatalog([vendor('young', 2, status), vendor('old', 1, status), vendor('new', 3)]);
  const names = catalog.defaults().map(({ plugin }) => plugin);
  expect(names).toEqual(['@dpu-operator/vsp-mock', 'old', 'young']);
  expect(catalog.has('new')).toBe(true);
});

test('a version of its own is found beside the default', () => {
  const status = { releases: [release('^1.0.0', '1.2.0'), release('2.0.0', '2.0.0')] };
  const catalog = new PluginCatalog([vendor('acme', 1, status)]);
  expect(catalog.find('acme')).toMatchObject({ version: '1.2.0', source: { kind: 'npm', lock: 'lock-1.2.0' } });
  expect(catalog.find('acme', '2.0.0')).toMatchObject({ version: '2.0.0' });
  expect(catalog.find('acme')).toBe(catalog.find('acme'));
});

test('what cannot be had says why', () => {
  const failures = [{ requested: '3.0.0', reason: 'Unpublished', message: 'the registry has no 3.0.0' }];
  const releases = [release('^1.0.0', '1.2.0', { contract: '^9.0.0' })];
  const catalog = new PluginCatalog([vendor('acme', 1, { releases, failures })]);
  expect(catalog.find('nobody')).toMatchObject({ reason: 'UnknownPlugin', message: expect.stringContaining('acme') });
  expect(catalog.find('acme', '3.0.0')).toMatchObject({
    reason: 'VersionUnresolved',
    message: 'VendorPlugin acme has no version 3.0.0: the registry has no 3.0.0',
  });
  expect(catalog.find('acme')).toMatchObject({ reason: 'ManifestInvalid', message: expect.stringContaining('^9.0.0') });
  expect(catalog.defaults()).toHaveLength(1);
});

test('a plugin that ships with the operator has the one version', () => {
  const catalog = new PluginCatalog([]);
  const name = '@dpu-operator/vsp-mock';
  for (const requested of [undefined, 'latest', '^0.1.0'])
    expect(catalog.find(name, requested)).toHaveProperty('manifest');
  expect(catalog.find(name, '9.0.0')).toMatchObject({ reason: 'VersionUnresolved' });
});
