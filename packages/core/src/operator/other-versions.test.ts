/**
 * What older and newer versions, other clients and other API servers may have written, at random but by a seed: each object
 * has a condition that says something, and none keeps another from its own. `FUZZ_SEED=` repeats a failure.
 */
import 'reflect-metadata';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findCondition } from '../api/fields/conditions.ts';
import type { Condition } from '../api/fields/meta.ts';
import { operatorNamespace } from '../api/names/names.ts';
import { TestApiServer } from '../daemon/testing/api-server.ts';
import { fuzzParameters, oddJson, withOddFields } from '../daemon/testing/fuzz.ts';
import { ChainController } from './chains/chain-controller.ts';
import { DataProcessingUnitController } from './dpu/data-processing-unit-controller.ts';
import { DataProcessingUnitConfigController } from './dpu/selection/data-processing-unit-config-controller.ts';
import { DpuNetworkController } from './networks/dpu-network-controller.ts';
import { type RunningControllers, runControllers } from './testing/controllers.ts';
import { runOf } from './testing/plugin-runs.ts';
import { VendorPluginController } from './vendor-plugins/vendor-plugin-controller.ts';

const apiVersion = 'config.openshift.io/v1';
const own = `/apis/${apiVersion}`;
const inNamespace = `${own}/namespaces/${operatorNamespace}`;
/** Objects of each kind. */
const count = 25;

let server: TestApiServer;
let operator: RunningControllers;

beforeEach(async () => {
  server = new TestApiServer();
  server.put('/api/v1/nodes/node-a', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' } });
  const broken = async () => {
    throw new TypeError('Invalid Version: 1.0');
  };
  operator = await runControllers(server, ({ store, caches, environment, events, logger, leases, turns }) => [
    new DataProcessingUnitController(store, caches, environment, events, logger, leases, turns),
    new DataProcessingUnitConfigController(store, caches, environment, events, logger),
    new VendorPluginController(store, caches, environment, events, broken, broken, logger),
    new ChainController(store, caches, environment, events, logger, leases),
    new DpuNetworkController(store, caches, events, logger),
  ]);
});

afterEach(async () => {
  await operator.end();
  server.close();
});

function condition(type: string): Condition {
  return { type, status: 'True', reason: 'Earlier', message: 'earlier', lastTransitionTime: '2026-01-01T00:00:00Z' };
}

const rollout = {
  target: runOf('2'),
  phase: 'Verifying',
  startedAt: '2026-01-01T00:00:00Z',
  drain: false,
  clear: false,
  wasReady: true,
  verifyingSince: '2026-01-01T00:00:00Z',
};

const conditions = fc.oneof(
  fc.constant(null),
  fc.array(withOddFields({ ...condition('Ready') }), { maxLength: 3 }),
  oddJson,
);

const oddRun = withOddFields({ ...runOf('1') });
const oddRollout = withOddFields(rollout, fc.oneof(oddJson, fc.constantFrom('9999-12-31T23:59:59Z', 'Dreaming')));
const oddPod = oddJson.map((pod) => ({ ...runOf('1'), pod }));
const dpuStatus = fc.record(
  {
    conditions,
    plugin: fc.oneof(oddRun, oddPod, fc.constant(runOf('1'))),
    rollout: fc.oneof(oddRollout, fc.constant(rollout)),
    vsp: withOddFields({ initialisedAt: '2026-01-01T00:00:00Z', package: 'a', version: '2' }),
    drain: withOddFields({ of: '2026-01-01T00:00:00Z', pods: [] }),
    chains: oddJson,
    hosts: oddJson,
    card: oddJson,
    somethingNew: oddJson,
  },
  { requiredKeys: [] },
);

const release = { requested: 'latest', version: '1.0.0', manifest: { contract: '^1.0.0', products: [] } };
const pluginStatus = fc.record(
  {
    conditions,
    releases: fc.oneof(oddJson, fc.array(withOddFields(release), { maxLength: 2 })),
    failures: fc.oneof(oddJson, fc.array(withOddFields({ requested: 'latest', reason: 'R', message: 'm' }))),
    approved: oddJson,
    lookup: fc.oneof(oddJson, withOddFields({ generation: 1 })),
  },
  { requiredKeys: [] },
);

const chainStatus = fc.record(
  { conditions, node: oddJson, nodeUid: oddJson, functions: oddJson },
  { requiredKeys: [] },
);

const networkStatus = fc.record(
  { conditions, resourceName: oddJson, selectedVFs: oddJson, vlanId: fc.oneof(oddJson, fc.constant(4_095)) },
  { requiredKeys: [] },
);

const { seed } = fuzzParameters;

function put(kind: string, collection: string, prefix: string, spec: object, statuses: fc.Arbitrary<unknown>): void {
  for (const [index, status] of fc.sample(statuses, { seed, numRuns: count }).entries()) {
    const name = `${prefix}-${index}`;
    const metadata = { name, ...(collection.startsWith(inNamespace) && { namespace: operatorNamespace }) };
    server.put(`${collection}/${name}`, { apiVersion, kind, metadata: { ...metadata, generation: 1 }, spec, status });
  }
}

/** Those that have no such condition of this operator. */
function mute(collection: string, type: string): unknown[] {
  const objects = [...server.objects].filter(([path]) => path.startsWith(`${collection}/`));
  return objects.flatMap(([, object]) => {
    const said = (object.status as { conditions?: Condition[] } | undefined)?.conditions;
    const one = Array.isArray(said) ? findCondition(said, type) : undefined;
    return one?.reason && one.reason !== 'Earlier' && one.message ? [] : [object];
  });
}

test('whatever stands in their statuses, each object is told of, and the rest works', {
  timeout: 300_000,
}, async () => {
  const card = { isDpuSide: false, nodeName: 'node-a', dpuProductName: 'Software DPU' };
  put('DataProcessingUnit', `${own}/dataprocessingunits`, 'dpu', card, dpuStatus);
  put('DataProcessingUnitConfig', `${inNamespace}/dataprocessingunitconfigs`, 'config', {}, fc.record({ conditions }));
  put('VendorPlugin', `${own}/vendorplugins`, 'plugin', { package: 'a', version: 'latest' }, pluginStatus);
  const networkFunctions = [{ name: 'nf', image: 'nf:1' }];
  put('ServiceFunctionChain', `${inNamespace}/servicefunctionchains`, 'chain', { networkFunctions }, chainStatus);
  put('DpuNetwork', `${own}/dpunetworks`, 'network', {}, networkStatus);
  server.put(`${own}/dataprocessingunits/sound`, {
    apiVersion,
    kind: 'DataProcessingUnit',
    metadata: { name: 'sound' },
    spec: card,
  });
  await vi.waitFor(
    () => {
      expect(mute(`${own}/dataprocessingunits`, 'Configured')).toEqual([]);
      expect(mute(`${inNamespace}/dataprocessingunitconfigs`, 'Applied')).toEqual([]);
      expect(mute(`${own}/vendorplugins`, 'Ready')).toEqual([]);
      expect(mute(`${inNamespace}/servicefunctionchains`, 'Ready')).toEqual([]);
      expect(mute(`${own}/dpunetworks`, 'Ready')).toEqual([]);
      expect(server.objects.has(`/api/v1/namespaces/${operatorNamespace}/pods/vsp-sound`)).toBe(true);
    },
    { timeout: 240_000, interval: 500 },
  );
});
