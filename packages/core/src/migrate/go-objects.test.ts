import { expect, test } from 'vitest';
import { type KubeJson, withoutIdentity } from './go-objects.ts';

const object = (kind: string, more: object): KubeJson => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'x', uid: '1', resourceVersion: '2' },
  ...more,
});

test('a Service is put back without the address that another may have by now', () => {
  const ports = [{ port: 443 }];
  const service = object('Service', { spec: { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ports } });
  expect(withoutIdentity(service)).toEqual({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'x' },
    spec: { ports },
  });
  const headless = object('Service', { spec: { clusterIP: 'None', clusterIPs: ['None'] } });
  expect(withoutIdentity(headless).spec).toEqual({ clusterIP: 'None' });
});

test('the Secret of an account is put back without token, and without the uid of an account that is no more', () => {
  const annotations = {
    'kubernetes.io/service-account.name': 'sa',
    'kubernetes.io/service-account.uid': '3',
  };
  const metadata = { name: 'x', uid: '1', annotations };
  const secret = object('Secret', {
    metadata,
    type: 'kubernetes.io/service-account-token',
    data: { token: 'c2VjcmV0' },
  });
  expect(withoutIdentity(secret)).toEqual({
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/service-account-token',
    metadata: { name: 'x', annotations: { 'kubernetes.io/service-account.name': 'sa' } },
  });
});
