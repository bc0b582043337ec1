import { pino } from 'pino';
import { expect, test } from 'vitest';
import { FakeApiServer } from '../kube/testing/fake-api-server.ts';
import { Definitions } from './definitions.ts';

const logger = pino({ level: 'silent' });
const blue = { namespace: 'default', name: 'blue' };

test('one that the watch does not have yet is asked for', async () => {
  const annotations = { 'k8s.v1.cni.cncf.io/resourceName': 'openshift.io/dpu' };
  await using server = await FakeApiServer.start(({ path, json }) =>
    path.endsWith('/namespaces/default/network-attachment-definitions/blue')
      ? json({ metadata: { ...blue, annotations } })
      : json({ kind: 'Status', code: 404, reason: 'NotFound' }, 404),
  );
  const definitions = new Definitions(server.store(), logger);
  expect(await definitions.find(blue)).toEqual(annotations);
  expect(await definitions.find({ ...blue, name: 'red' })).toBeUndefined();
});

test('an API server that does not answer is given up on, long before other requests would', async () => {
  await using server = await FakeApiServer.start(() => {});
  const begin = performance.now();
  const definitions = new Definitions(server.store(), logger, 50);
  await expect(definitions.find(blue)).rejects.toThrow('the API server does not answer');
  expect(performance.now() - begin).toBeLessThan(20_000);
});
