import { expect, test } from 'vitest';
import { dpuOperatorConfig } from '../../api/kinds/dpu-operator-config.ts';
import { config, environment } from '../testing/rendered.ts';
import { renderDaemonSet } from './daemon-set.ts';
import { nodeDirectories } from './flavour.ts';

test('the daemons run where the nodes are labelled, with the directories of the flavour', () => {
  const set = JSON.stringify(renderDaemonSet(config, environment, nodeDirectories('kubernetes')));
  expect(set).toContain('{"key":"dpu","operator":"In","values":["true"]}');
  expect(set).toContain('{"key":"dpu.config.openshift.io/dpuside","operator":"Exists"}');
  expect(set).not.toContain('"nodeSelector":');
  expect(set).toContain('"livenessProbe":{"httpGet":{"path":"/healthz"');
  // On the node's port another daemon may answer: first this one's own container has to say that it serves there.
  expect(set).toContain('"startupProbe":{"exec":{"command":["test","-e","/tmp/dpu-daemon-started"]}');
  expect(set).toContain('{"name":"CNI_BIN_DIR","value":"/opt/cni/bin"}');
  // A change of spec.logLevel must not replace the daemons' pods.
  expect(set).not.toContain('LOG_LEVEL');
  expect(set).toContain('"mountPath":"/var/run/netns","mountPropagation":"HostToContainer"');
  expect(set).toContain('"hostPID":true');
  expect(set).toContain('{"name":"HOST_PROCESS","value":"/proc/1"}');
  const openshift = JSON.stringify(renderDaemonSet(config, environment, nodeDirectories('openshift')));
  expect(openshift).toContain('"mountPath":"/var/lib/cni/bin"');
  expect(nodeDirectories('microshift', '/run/cni/bin').cniBin).toBe('/run/cni/bin');
});

const hostPaths = (set: object) =>
  [...JSON.stringify(set).matchAll(/"hostPath":\{"path":"([^"]+)"/g)].map(([, path]) => path);

test("the daemon has the kubelet's sockets where this cluster's kubelet may have them, each once", () => {
  const directories = nodeDirectories('kubernetes');
  const usual = hostPaths(renderDaemonSet(config, environment, directories));
  expect(usual).toContain('/var/run/k8s.cni.cncf.io/devinfo');
  expect(usual.filter((path) => path?.includes('kubelet'))).toEqual([
    '/var/lib/kubelet/device-plugins',
    '/var/lib/kubelet/pod-resources',
  ]);
  const moved = { ...config, spec: { ...config.spec, kubeletRoot: '/data/kubelet' } };
  const set = renderDaemonSet(moved, environment, directories);
  expect(hostPaths(set).filter((path) => path?.includes('kubelet'))).toEqual([
    '/var/lib/kubelet/device-plugins',
    '/data/kubelet/device-plugins',
    '/data/kubelet/pod-resources',
  ]);
  expect(JSON.stringify(set)).toContain('{"name":"KUBELET_ROOT","value":"/data/kubelet"}');
});

test.each(['data/kubelet', '/data/kubelet/', '/', ''])('%j is no kubelet root', (kubeletRoot) => {
  const wrong = { ...config, spec: { ...config.spec, kubeletRoot } };
  expect(dpuOperatorConfig.schema.safeParse(wrong).error?.issues).toMatchObject([{ path: ['spec', 'kubeletRoot'] }]);
});
