import 'reflect-metadata';
import { expect, test, vi } from 'vitest';
import { operatorNamespace } from '../../../../api/names/names.ts';
import { TestApiServer } from '../../../../daemon/testing/api-server.ts';
import { runControllers } from '../../../testing/controllers.ts';
import { ProgressController } from './progress-controller.ts';

const apiVersion = 'config.openshift.io/v1';
const pluginPath = `/apis/${apiVersion}/vendorplugins/acme`;
const configPath = `/apis/${apiVersion}/namespaces/${operatorNamespace}/dataprocessingunitconfigs`;

const lastTransitionTime = '2026-01-01T00:00:00Z';
const said = { type: 'RolledOut', status: 'True', reason: 'Complete', message: '1 of 1', lastTransitionTime };

test('of a config that never had a DPU nothing is written; one whose DPUs have gone is told of, as a VendorPlugin is', async () => {
  const server = new TestApiServer();
  const putConfig = (name: string, status: object) =>
    server.put(`${configPath}/${name}`, {
      apiVersion,
      kind: 'DataProcessingUnitConfig',
      metadata: { name, namespace: operatorNamespace, generation: 1 },
      spec: {},
      status,
    });
  putConfig('never', {});
  putConfig('once', { conditions: [said] });
  server.put(pluginPath, {
    apiVersion,
    kind: 'VendorPlugin',
    metadata: { name: 'acme', generation: 1 },
    spec: { package: '@acme/p' },
  });
  const operator = await runControllers(server, ({ store, caches, events, logger, turns }) => [
    new ProgressController(store, caches, events, logger, turns),
  ]);
  const writes = () => server.writes.filter((write) => write.startsWith('PATCH'));
  await vi.waitFor(() => expect(writes().length).toBeGreaterThan(1));
  await vi.waitFor(() => expect(operator.controllers.map(({ isIdle }) => isIdle)).toEqual([true]));
  expect(writes().sort()).toEqual([`PATCH ${configPath}/once/status`, `PATCH ${pluginPath}/status`]);
  await operator.end();
  server.close();
});
