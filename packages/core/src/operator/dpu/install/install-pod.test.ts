import { expect, test } from 'vitest';
import { annotations } from '../../../api/names/names.ts';
import type { Pod } from '../../../kube/index.ts';
import { parseEnvironment } from '../../shared/environment.ts';
import { dpu, environment, manifestWith, npm, run } from '../../testing/rendered.ts';
import { renderInstallPod } from './install-pod.ts';
import { installPodState } from './install-pod-status.ts';

test('companions’ images are on the node before what runs is touched', () => {
  const before = run({}, { source: { kind: 'image' }, image: 'go:1' });
  const companions = [{ name: 'p4', image: 'p4:1' }];
  const next = run({}, { source: { kind: 'image' }, image: 'go:1', ...manifestWith({ companions }) });
  expect(renderInstallPod(dpu, next, before, environment)).toMatchObject({
    spec: { containers: [{ name: 'pull-0', image: 'p4:1' }] },
  });
});

test('the pod that installs a plugin may do that and nothing else', () => {
  const pod = renderInstallPod(dpu, run({}, { source: npm }), undefined, environment);
  const text = JSON.stringify(pod);
  expect(pod).toMatchObject({
    metadata: { name: 'vsp-card-host-install', labels: { app: 'vsp-install', 'dpu-name': 'card-host' } },
    spec: { restartPolicy: 'OnFailure', automountServiceAccountToken: false },
  });
  expect(text).toContain('"capabilities":{"drop":["ALL"]}');
  expect(text).toContain('"secretName":"registry"');
  expect(text).not.toContain('"privileged":');
  expect(text.match(/"hostPath"/g)).toHaveLength(1);
});

test('proxies of the operator reach what installs plugins, and nothing that is not set', () => {
  const proxies = { HTTPS_PROXY: 'http://proxy.example.com:3128', NO_PROXY: '.svc,10.0.0.1', HTTP_PROXY: '' };
  const behindProxy = parseEnvironment({ OPERATOR_IMAGE: 'op:1', ...proxies }, 'host');
  const envOf = (where: typeof environment) => {
    const { spec } = renderInstallPod(dpu, run({}, { source: npm }), undefined, where);
    return (spec as { containers: { env: object[] }[] }).containers[0]?.env;
  };
  expect(envOf(behindProxy)).toEqual([
    { name: 'HTTPS_PROXY', value: proxies.HTTPS_PROXY },
    { name: 'NO_PROXY', value: proxies.NO_PROXY },
  ]);
  expect(envOf(environment)).toEqual([]);
});

const since = () => 0;

test('why an installation fails stays said while it is tried again', () => {
  const pod = (state: object, lastState?: object): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'i', annotations: { [annotations.specHash]: 'd' } },
    spec: { containers: [] },
    status: {
      containerStatuses: [{ name: 'install', ready: false, restartCount: 1, state, ...(lastState && { lastState }) }],
    },
  });
  const terminated = { exitCode: 20, message: 'Tampered: the tarball has another hash' };
  const failure = { reason: 'Tampered', message: 'the tarball has another hash' };
  expect(installPodState(pod({ terminated }), since)).toMatchObject({ key: 'd', state: 'working', failure });
  expect(installPodState(pod({ running: {} }, { terminated }), since)).toMatchObject({
    key: 'd',
    state: 'working',
    failure,
  });
  expect(installPodState(pod({ waiting: { reason: 'ContainerCreating' } }), since)).toMatchObject({
    key: 'd',
    state: 'working',
  });
});

test('an image is on the node when nothing in it can be started', () => {
  const image = run({}, { source: { kind: 'image' }, image: 'go:2' });
  const before = run({}, { source: { kind: 'image' }, image: 'go:1' });
  const { spec } = renderInstallPod(dpu, image, before, environment);
  const { containers } = spec as { containers: { name: string }[] };
  expect(containers).toMatchObject([{ name: 'pull-0', image: 'go:2' }]);
  const state = (state: object) =>
    installPodState(
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'i' },
        spec: { containers },
        status: { containerStatuses: [{ name: 'pull-0', ready: false, restartCount: 0, state }] },
      },
      since,
    );
  const message = 'Back-off pulling image go:2';
  expect(state({ waiting: { reason: 'ContainerCreating' } })).toMatchObject({ key: '', state: 'working' });
  expect(state({ waiting: { reason: 'ImagePullBackOff', message } })).toMatchObject({
    failure: { reason: 'ImagePullFailed', message: `ImagePullBackOff: ${message}` },
  });
  expect(state({ waiting: { reason: 'RunContainerError' } })?.state).toBe('succeeded');
  expect(state({ terminated: { exitCode: 128, reason: 'StartError' } })?.state).toBe('succeeded');
});
