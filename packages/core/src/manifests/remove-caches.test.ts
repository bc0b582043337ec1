import { expect, test } from 'vitest';
import { removeCaches } from './remove-caches.ts';

interface KubeObject {
  kind: string;
  metadata: { name: string };
  spec: { template: { spec: { serviceAccountName: string } } };
}

test('it needs nothing of an installation: Helm has taken that away before', () => {
  const objects = removeCaches() as KubeObject[];
  const pods = objects.find(({ kind }) => kind === 'DaemonSet');
  const account = objects.find(({ kind }) => kind === 'ServiceAccount');
  expect(pods?.spec.template.spec.serviceAccountName).toBe(account?.metadata.name);
});
