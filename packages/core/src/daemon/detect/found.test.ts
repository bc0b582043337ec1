import type { DetectedDpu } from '@dpu-operator/sdk/manifest';
import { expect, test } from 'vitest';
import type { VendorPlugin } from '../../api/index.ts';
import { PluginCatalog } from '../../plugins/catalog.ts';
import { findDpus, type KnownDpu } from './found.ts';

const product = {
  name: 'Card',
  host: { detect: { nodeLabel: { key: 'card', values: ['yes'] } }, identifier: 'card-{node}' },
};

function vendor(name: string, day: number, resolved = true): VendorPlugin {
  const manifest = { contract: '^1.0.0', products: [product] };
  return {
    apiVersion: 'config.openshift.io/v1',
    kind: 'VendorPlugin',
    metadata: { name, creationTimestamp: `2026-01-0${day}T00:00:00Z` },
    spec: { image: 'vsp:1', version: 'latest' },
    status: { releases: resolved ? [{ requested: 'latest', image: 'vsp:1', manifest }] : [] },
  };
}

const record: DetectedDpu = {
  name: 'card-n-host',
  identifier: 'card-n',
  productName: 'Card',
  side: 'host',
  plugin: 'gone',
};

function find(vendors: VendorPlugin[], known: [string, KnownDpu][] = [], more: { mode?: 'dpu'; card?: string } = {}) {
  const dpus = findDpus({
    catalog: new PluginCatalog(vendors, []),
    snapshot: { pci: [], dmiProduct: '' },
    node: { name: 'n', labels: { card: more.card ?? 'yes' } },
    mode: more.mode ?? 'auto',
    known: new Map(known),
  });
  return dpus.map(({ name, plugin, pluginGone }) => [name, plugin, ...(pluginGone ? ['gone'] : [])]);
}

test('the older of two plugins has a DPU, unless the younger had it before', () => {
  const vendors = [vendor('b', 2), vendor('a', 1)];
  expect(find(vendors)).toEqual([['card-n-host', 'a']]);
  expect(find(vendors, [['card-n-host', { plugin: 'b' }]])).toEqual([['card-n-host', 'b']]);
});

test('a DPU whose plugin is gone goes to another one that knows it', () => {
  expect(find([vendor('a', 1)], [['card-n-host', { plugin: 'gone', record }]])).toEqual([['card-n-host', 'a']]);
});

test('a DPU whose plugin is gone is kept, and said to be without', () => {
  expect(find([], [['card-n-host', { plugin: 'gone', record }]])).toEqual([['card-n-host', 'gone', 'gone']]);
  expect(find([], [['card-n-host', { plugin: 'gone', record }]], { mode: 'dpu' })).toEqual([]);
  expect(find([], [['card-n-host', { plugin: 'gone' }]])).toEqual([]);
});

test('a DPU whose plugin has no version yet is kept as it is', () => {
  const known: [string, KnownDpu][] = [['card-n-host', { plugin: 'a', record: { ...record, plugin: 'a' } }]];
  expect(find([vendor('a', 1, false)], known)).toEqual([['card-n-host', 'a']]);
});

test('a DPU that its plugin finds no more is gone', () => {
  const known: [string, KnownDpu][] = [['card-n-host', { plugin: 'a', record: { ...record, plugin: 'a' } }]];
  expect(find([vendor('a', 1)], known, { card: 'no' })).toEqual([]);
});
