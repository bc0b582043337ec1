import { expect, test } from 'vitest';
import { parseConfig } from './config.ts';

test("the kubelet's root is the usual one unless the operator says another", () => {
  expect(parseConfig({ K8S_NODE: 'a' }).kubeletRoot).toBe('/var/lib/kubelet');
  expect(parseConfig({ K8S_NODE: 'a', KUBELET_ROOT: '/data/kubelet' }).kubeletRoot).toBe('/data/kubelet');
});

test('each variable that is wrong is named', () => {
  const parse = () => parseConfig({ KUBELET_ROOT: 'data', HEALTH_PORT: '70000' });
  for (const name of ['K8S_NODE', 'KUBELET_ROOT', 'HEALTH_PORT']) expect(parse).toThrow(name);
});
