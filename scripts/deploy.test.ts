import { expect, test } from 'vitest';
import { parseTargets } from './clusters.ts';
import { newImage } from './deploy.ts';

test.each([
  ['quay.io/me/operator:1.0', { newName: 'quay.io/me/operator', newTag: '1.0' }],
  ['host:5000/operator', { newName: 'host:5000/operator', newTag: 'latest' }],
  ['host:5000/operator:dev', { newName: 'host:5000/operator', newTag: 'dev' }],
  ['host:5000/operator@sha256:ab', { newName: 'host:5000/operator', digest: 'sha256:ab' }],
])('%s is what Kustomize replaces an image by', (reference, image) => {
  expect(newImage(reference)).toEqual(image);
});

test('a kubeconfig that is not there is refused by its variable, whichever side it is of', () => {
  const env = { KUBECONFIG_HOST: '/nowhere/host', KUBECONFIG_DPU: '/nowhere/dpu' };
  expect(() => parseTargets(['host', 'dpu'], env)).toThrow('KUBECONFIG_HOST: there is no file /nowhere/host');
  expect(() => parseTargets(['dpu'], env)).toThrow(
    "KUBECONFIG_DPU: there is no file /nowhere/dpu; it must be a kubeconfig of the DPUs' cluster",
  );
  expect(() => parseTargets(['one'], env)).toThrow('KUBECONFIG_HOST');
  expect(parseTargets(['host'], { KUBECONFIG_HOST: import.meta.filename })).toMatchObject([{ side: 'host' }]);
});
