import { expect, test } from 'vitest';
import { parseTargets } from './clusters.ts';

test('a kubeconfig that is not there is refused by its variable, whichever side it is of', () => {
  const env = { KUBECONFIG_HOST: '/nowhere/host', KUBECONFIG_DPU: '/nowhere/dpu' };
  expect(() => parseTargets(['host', 'dpu'], env)).toThrow('KUBECONFIG_HOST: there is no file /nowhere/host');
  expect(() => parseTargets(['dpu'], env)).toThrow(
    "KUBECONFIG_DPU: there is no file /nowhere/dpu; it must be a kubeconfig of the DPUs' cluster",
  );
  expect(() => parseTargets(['one'], env)).toThrow('KUBECONFIG_HOST');
  expect(parseTargets(['host'], { KUBECONFIG_HOST: import.meta.filename })).toMatchObject([{ side: 'host' }]);
});
