import { expect, test } from 'vitest';
import type { PluginRelease } from '../../../plugins/release.ts';
import { idsOf } from './fleet/change.ts';
import { pluginRun } from './plugin-run.ts';

const source = {
  kind: 'npm',
  packageName: '@acme/p',
  version: '1.0.0',
  integrity: 'sha512-a',
  lock: 'lock-a',
} as const;
const release: PluginRelease = {
  plugin: 'acme',
  version: '1.0.0',
  askedFor: '^1',
  source,
  manifest: {
    contract: '^1.0.0',
    products: [{ name: 'Card' }],
    pod: {},
    programs: [],
    disturbsTraffic: false,
    settings: {},
  },
};

const runOf = (more: Partial<PluginRelease>, settings = {}) =>
  pluginRun({ ...release, ...more }, 'host', { settings }, 'vsp:1');

test('by which words, where and with which lock a release was found makes no other run of it', () => {
  const run = runOf({});
  const elsewhere = { ...source, registry: 'https://mirror.example.com', credentialsSecret: 's', lock: 'lock-b' };
  for (const other of [runOf({ askedFor: 'latest' }), runOf({ source: elsewhere })]) {
    expect(other).not.toEqual(run);
    expect(other.digest).toBe(run.digest);
    expect(idsOf(other)).toEqual(idsOf(run));
  }
  expect(runOf({}, { vfs: 1 }).digest).not.toBe(run.digest);
});

test('DPUs that are to run the same have one run, whatever order their settings have', () => {
  const of = (settings: Record<string, unknown>, side: 'host' | 'dpu' = 'host', image = 'vsp:1') =>
    pluginRun(release, side, { settings }, image);
  const run = of({ a: 1, b: 2 });
  expect(of({ a: 1, b: 2 })).toBe(run);
  expect(of({ b: 2, a: 1 }).digest).toBe(run.digest);
  for (const other of [of({ a: 1 }), of({ a: 1, b: 2 }, 'dpu'), of({ a: 1, b: 2 }, 'host', 'vsp:2')]) {
    expect(other).not.toBe(run);
  }
});
