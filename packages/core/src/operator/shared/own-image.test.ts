import { expect, test } from 'vitest';
import { FakeApiServer } from '../../kube/testing/fake-api-server.ts';
import { ownImage } from './own-image.ts';

test.each([
  { names: ['manager'], outcome: 'registry.example.com/operator@sha256:1' },
  { names: ['sidecar', 'manager'], outcome: 'registry.example.com/operator@sha256:1' },
  { names: ['operator'], outcome: 'ns/op-1: no container called manager; set OPERATOR_IMAGE' },
  { names: undefined, outcome: 'ns/op-1: no such pod; set OPERATOR_IMAGE' },
])('of a pod with the containers $names', async ({ names, outcome }) => {
  await using server = await FakeApiServer.start((request) => {
    expect(request.path).toBe('/api/v1/namespaces/ns/pods/op-1');
    if (!names) return request.json({ kind: 'Status', reason: 'NotFound', code: 404 }, 404);
    const containers = names.map((name) => {
      return { name, image: name === 'manager' ? 'registry.example.com/operator@sha256:1' : 'other:1' };
    });
    request.json({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'op-1', namespace: 'ns' }, spec: { containers } });
  });
  const answer = ownImage(server.store(), 'ns', 'op-1').catch((error: Error) => error.message);
  expect(await answer).toContain(outcome);
});
