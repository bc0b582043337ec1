import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultGracePeriodSeconds, parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { expect, test } from 'vitest';
import { annotations } from '../../../api/names/names.ts';
import type { PluginRelease } from '../../../plugins/release.ts';
import { renderDaemonSet } from '../../config/daemon-set.ts';
import { nodeDirectories } from '../../config/flavour.ts';
import { parseEnvironment } from '../../shared/environment.ts';
import { config, dpu, environment, manifestWith, npm, release, run } from '../../testing/rendered.ts';
import { pluginRun } from '../rollout/plugin-run.ts';
import { renderVspPod } from './vsp-pod.ts';

test('a VSP pod has what its manifest asks for, and another hash for other settings', () => {
  const pod = renderVspPod(dpu, run({ a: 1 }), environment);
  const text = JSON.stringify(pod);
  expect(pod.metadata).toMatchObject({ name: 'vsp-card-host', labels: { app: 'vsp', 'dpu-name': 'card-host' } });
  expect(pod.spec).toMatchObject({
    containers: [
      {
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
          seccompProfile: { type: 'RuntimeDefault' },
          readOnlyRootFilesystem: true,
        },
        terminationMessagePolicy: 'FallbackToLogsOnError',
        startupProbe: { exec: {} },
        livenessProbe: { exec: {} },
      },
    ],
  });
  expect(text).toContain('"mountPath":"/var/run/dpu-daemon/vendor-plugin"');
  expect(text).toContain('"path":"/var/run/dpu-daemon/vsp/card-host"');
  expect(text).toContain('"mountPath":"/sys","readOnly":true');
  expect(text).toContain('"key":"metadata.name","operator":"In","values":["node-a"]');
  const hash = (settings: Record<string, unknown>) =>
    (renderVspPod(dpu, run(settings), environment).metadata.annotations as Record<string, string>)[
      annotations.specHash
    ];
  expect(hash({ a: 1 })).toBe(hash({ a: 1 }));
  expect(hash({ a: 2 })).not.toBe(hash({ a: 1 }));
  expect(hash({ b: 1, a: 1 })).toBe(hash({ a: 1, b: 1 }));
});

const podSpecOf = (...args: Parameters<typeof run>) =>
  renderVspPod(dpu, run(...args), environment).spec as unknown as {
    containers: { env: { name: string; value: string }[]; volumeMounts: { name: string; mountPath: string }[] }[];
    volumes: { name: string }[];
  } & Record<string, unknown>;

const envOf = (...args: Parameters<typeof run>) =>
  Object.fromEntries(podSpecOf(...args).containers[0]?.env.map(({ name, value }) => [name, value]) ?? []);

test('a VSP is told whose side it serves, as far as that is known', () => {
  const known = {
    ...dpu,
    metadata: {
      ...dpu.metadata,
      annotations: { [annotations.identifier]: 'card-0000:01:00.0', [annotations.pciAddress]: '0000:01:00.0' },
    },
    spec: { ...dpu.spec, dpuProductName: 'Card' },
  };
  const pod = JSON.stringify(renderVspPod(known, run({}), environment));
  expect(pod).toContain('{"name":"DPU_SIDE","value":"host"}');
  expect(pod).toContain('{"name":"DPU_IDENTIFIER","value":"card-0000:01:00.0"}');
  expect(pod).toContain('{"name":"DPU_PRODUCT","value":"Card"}');
  expect(pod).toContain('{"name":"DPU_PCI_ADDRESS","value":"0000:01:00.0"}');
  expect(Object.keys(envOf({}))).not.toContain('DPU_PCI_ADDRESS');
  const other = { ...known, spec: { ...known.spec, dpuProductName: 'Card of another plugin' } };
  expect(JSON.stringify(renderVspPod(other, run({}), environment))).not.toContain('DPU_PRODUCT');
});

test('a pod ends within the time that its VSP has by contract, or that its manifest asks for', () => {
  expect(podSpecOf({})).toMatchObject({ terminationGracePeriodSeconds: defaultGracePeriodSeconds });
  expect(podSpecOf({}, manifestWith({ gracePeriodSeconds: 90 }))).toMatchObject({ terminationGracePeriodSeconds: 90 });
});

test('a pod has what the manifest asks for on its side, and not what it asks for on the other', () => {
  const spec = podSpecOf(
    {},
    manifestWith({
      env: { B: '2', A: '1' },
      dpu: { hostPID: true },
      host: {
        privileged: true,
        hostPaths: [{ path: '/', at: '/host', propagation: 'Bidirectional' }],
        devices: [{ path: '/dev/vfio/vfio' }],
        resources: { limits: { memory: '1Gi' }, hugePages: { '2Mi': '512Mi' } },
      },
    }),
  );
  expect(spec).not.toHaveProperty('hostPID');
  expect(spec.containers).toMatchObject([
    {
      securityContext: { privileged: true },
      resources: {
        requests: { cpu: '10m', memory: '1Gi', 'hugepages-2Mi': '512Mi' },
        limits: { memory: '1Gi', 'hugepages-2Mi': '512Mi' },
      },
    },
  ]);
  const sources = Object.fromEntries(spec.volumes.map(({ name, ...source }) => [name, source]));
  const mounts = spec.containers[0]?.volumeMounts.map(({ name, ...mount }) => ({ ...mount, source: sources[name] }));
  expect(mounts).toEqual(
    expect.arrayContaining([
      { mountPath: '/host', mountPropagation: 'Bidirectional', source: { hostPath: { path: '/', type: '' } } },
      { mountPath: '/dev/vfio/vfio', source: { hostPath: { path: '/dev/vfio/vfio', type: 'CharDevice' } } },
      { mountPath: '/dev/hugepages-2Mi', source: { emptyDir: { medium: 'HugePages-2Mi' } } },
    ]),
  );
  const names = Object.keys(envOf({}, manifestWith({ env: { B: '2', A: '1' } })));
  expect(names.slice(-2)).toEqual(['A', 'B']);
});

test('daemon and plugins read cards from another tree where the operator was told to, and else from /sys', () => {
  const sysfs = '/var/lib/cards';
  const told = parseEnvironment({ DPU_SYSFS: sysfs }, 'host');
  const rendered = (of: typeof environment) => [
    JSON.stringify(renderDaemonSet(config, of, nodeDirectories('kubernetes'))),
    JSON.stringify(renderVspPod(dpu, run({}), of)),
  ];
  for (const text of rendered(told)) {
    expect(text).toContain(`{"name":"DPU_SYSFS","value":"${sysfs}"}`);
    expect(text).toContain(`{"path":"${sysfs}","type":""}`);
    expect(text).toContain(`"mountPath":"${sysfs}"`);
  }
  for (const text of rendered(environment)) expect(text).not.toContain('SYSFS');
});

test('companions start before the plugin, share a directory with it, and mount each path of the node once', () => {
  const hostPaths = [{ path: '/opt/p4' }];
  const spec = podSpecOf(
    {},
    manifestWith({
      hostPaths,
      companions: [{ name: 'p4', image: 'p4:1', args: ['-v'], capabilities: ['BPF'], hostPaths }],
    }),
  );
  expect(spec).toMatchObject({
    initContainers: [
      {
        name: 'p4',
        image: 'p4:1',
        args: ['-v'],
        restartPolicy: 'Always',
        securityContext: { capabilities: { drop: ['ALL'], add: ['BPF'] } },
      },
    ],
  });
  const text = JSON.stringify(spec);
  expect(text.match(/"hostPath":\{"path":"\/opt\/p4"/g)).toHaveLength(1);
  expect(text.match(/"mountPath":"\/var\/run\/dpu-shared"/g)).toHaveLength(2);
});

/** The pod of one of the operator's own plugins as it is published. */
function publishedPodSpec(directory: string, side: 'host' | 'dpu', overlay?: PluginRelease['overlay']) {
  const packageJson = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../../../..', directory, 'package.json'), 'utf8'),
  );
  const source = {
    kind: 'npm' as const,
    packageName: packageJson.name,
    version: '1',
    integrity: 'i',
    lock: 'l',
  };
  const manifest = parsePluginManifest(packageJson);
  const plugin = pluginRun(
    { ...release, source, manifest, ...(overlay && { overlay }) },
    side,
    { settings: {} },
    'vsp:1',
  );
  return renderVspPod(dpu, plugin, environment).spec as { initContainers?: object[]; volumes: object[] };
}

test('a companion without an image is in the pod only where the VendorPlugin names one', () => {
  const specOn = (side: 'host' | 'dpu', overlay?: PluginRelease['overlay']) =>
    publishedPodSpec('vsp-marvell', side, overlay);
  expect(specOn('dpu')).not.toHaveProperty('initContainers');
  const named = { companions: [{ name: 'cp-agent', image: 'registry.example.com/cp-agent:25.03' }] };
  expect(specOn('host', named)).not.toHaveProperty('initContainers');
  const { initContainers, volumes } = specOn('dpu', named);
  expect(initContainers).toMatchObject([
    {
      name: 'cp-agent',
      image: 'registry.example.com/cp-agent:25.03',
      restartPolicy: 'Always',
      securityContext: { privileged: true },
      volumeMounts: expect.arrayContaining([
        expect.objectContaining({ mountPath: '/host' }),
        expect.objectContaining({ mountPath: '/dev' }),
      ]),
    },
  ]);
  expect(volumes).toContainEqual(expect.objectContaining({ hostPath: { path: '/', type: '' } }));
});

test('the P4 SDK of an Intel IPU runs on the DPU’s side as the Go operator runs it, once its image is named', () => {
  const named = { companions: [{ name: 'p4-sdk', image: 'registry.example.com/intel-vsp-p4:1.0' }] };
  expect(publishedPodSpec('vsp-intel-ipu', 'dpu')).not.toHaveProperty('initContainers');
  expect(publishedPodSpec('vsp-intel-ipu', 'host', named)).not.toHaveProperty('initContainers');
  const { initContainers = [], volumes } = publishedPodSpec('vsp-intel-ipu', 'dpu', named);
  const amounts = {
    memory: '4Gi',
    'hugepages-2Mi': '256Mi',
  };
  expect(initContainers).toMatchObject([
    {
      name: 'p4-sdk',
      image: 'registry.example.com/intel-vsp-p4:1.0',
      restartPolicy: 'Always',
      securityContext: { privileged: true },
      resources: {
        requests: { ...amounts, cpu: '500m' },
        limits: { ...amounts, cpu: '1' },
      },
    },
  ]);
  // The image's own entry point, and no arguments.
  expect(initContainers[0]).not.toHaveProperty('command');
  expect(initContainers[0]).not.toHaveProperty('args');
  for (const path of ['/lib/modules', '/opt/p4', '/opt/p4/p4-cp-nws/var/run', '/sys', '/dev', '/dev/hugepages']) {
    expect(initContainers[0]).toMatchObject({
      volumeMounts: expect.arrayContaining([expect.objectContaining({ mountPath: path })]),
    });
    expect(volumes).toContainEqual(expect.objectContaining({ hostPath: { path, type: '' } }));
  }
});

test('an image that the VendorPlugin names for a companion stands in the place of the manifest’s', () => {
  const more = manifestWith({ companions: [{ name: 'p4', image: 'p4:1' }] });
  const overlay = { companions: [{ name: 'p4', image: 'mirror/p4:1' }] };
  expect(podSpecOf({}, { ...more, overlay })).toMatchObject({ initContainers: [{ image: 'mirror/p4:1' }] });
});

test('a Secret is given by name, its keys as files, and holds no pod up', () => {
  const more = manifestWith({ secret: { keys: ['key'] }, configMap: { keys: ['p4info'] } });
  const wished = pluginRun({ ...release, ...more }, 'host', { settings: {}, secret: 's', configMap: 'c' }, 'vsp:1');
  const pod = JSON.stringify(renderVspPod(dpu, wished, environment));
  expect(pod).toContain('"secret":{"secretName":"s","items":[{"key":"key","path":"key"}],"optional":true');
  expect(pod).toContain('"configMap":{"name":"c","items":[{"key":"p4info","path":"p4info"}],"optional":true');
  expect(pod).toContain('{"name":"DPU_SECRET_DIRECTORY","value":"/var/run/dpu-vsp/secret"}');
  expect(wished.digest).not.toBe(
    pluginRun({ ...release, ...more }, 'host', { settings: {}, secret: 't' }, 'vsp:1').digest,
  );
});

test('what a VendorPlugin adds stands beside what the operator and the manifest say', () => {
  const overlay = {
    command: ['/vsp'],
    args: ['-v'],
    env: [{ name: 'A', value: 'mine' }],
    volumes: [{ name: 'host-root', hostPath: { path: '/' } }],
    volumeMounts: [{ name: 'host-root', mountPath: '/host' }],
    hostPID: true,
    serviceAccountName: 'dpu-vsp-acme',
    imagePullSecrets: [{ name: 'pull' }],
    terminationGracePeriodSeconds: 180,
  };
  const image: Partial<PluginRelease> = { source: { kind: 'image' }, image: 'go:1', overlay };
  const spec = podSpecOf({}, { ...image, ...manifestWith({ env: { A: 'theirs', B: '1' } }) });
  expect(spec).toMatchObject({
    hostPID: true,
    serviceAccountName: 'dpu-vsp-acme',
    automountServiceAccountToken: true,
    imagePullSecrets: [{ name: 'pull' }],
    terminationGracePeriodSeconds: 180,
    containers: [{ command: ['/vsp'], args: ['-v'] }],
  });
  expect(spec.volumes).toContainEqual({ name: 'host-root', hostPath: { path: '/' } });
  expect(spec.containers[0]?.volumeMounts).toContainEqual({ name: 'host-root', mountPath: '/host' });
  expect(spec.containers[0]?.env.filter(({ name }) => name === 'A' || name === 'B')).toEqual([
    { name: 'A', value: 'mine' },
    { name: 'B', value: '1' },
  ]);
  expect(podSpecOf({})).toMatchObject({ serviceAccountName: 'dpu-vsp', automountServiceAccountToken: false });
});

test('a plugin from npm is mounted from the node, read-only and nothing beside it', () => {
  const pod = JSON.stringify(renderVspPod(dpu, run({}, { source: npm, image: 'acme:1' }), environment));
  const directory = '/var/lib/dpu-operator/plugins/acme-vsp-1.0.0-0123456789abcdef';
  expect(pod).toContain(`"--plugin","${directory}/node_modules/@acme/vsp"`);
  expect(pod).toContain(`"mountPath":"${directory}","readOnly":true`);
  expect(pod).toContain(`"hostPath":{"path":"${directory}"`);
  expect(pod).toContain('"image":"acme:1"');
});

test('a VSP that is an image starts as it is made to, where it looks for its socket', () => {
  const { spec } = renderVspPod(dpu, run({}, { source: { kind: 'image' }, image: 'go:1' }), environment);
  const { containers } = spec as { containers: object[] };
  expect(containers[0]).not.toHaveProperty('command');
  expect(containers[0]).not.toHaveProperty('startupProbe');
  expect(containers[0]).not.toHaveProperty('livenessProbe');
  expect(containers[0]).not.toHaveProperty('securityContext.readOnlyRootFilesystem');
  expect(JSON.stringify(containers)).toContain('"mountPath":"/var/run/dpu-daemon/vendor-plugin"');
});
