/** An image made for the Go operator, unchanged: a VendorPlugin with its manifest and what its pod gets beside it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { argumentsOf, documentCommands } from '../support/documents/readme.ts';
import { eventually } from '../support/eventually.ts';
import { namespace, type OperatorFixture, start, turnOff } from '../support/on-clusters/operator.ts';
import { deletePods, net1 } from '../support/on-clusters/pods.ts';
import { goVspImage, hasGo, loadGoVsp } from '../support/programs/go-vsp.ts';
import { operatorIsOff } from './fixture.ts';

const isPossible = await hasGo();
const why = isPossible ? '' : ' (skipped: there is no Go to build it with)';

const label = 'dpu.example.com/go-vsp';
const softwareDpu = 'dpu.config.openshift.io/software-dpu-';

const vendorPlugin = {
  apiVersion: 'config.openshift.io/v1',
  kind: 'VendorPlugin',
  metadata: { name: 'go-vsp' },
  spec: {
    image: goVspImage,
    manifest: {
      contract: '^1.0.0',
      products: [
        {
          name: 'Go DPU',
          host: { identifier: 'go-{node}', detect: { nodeLabel: { key: label, values: ['host'] } } },
          dpu: { identifier: 'go-{node}', detect: { nodeLabel: { key: label, values: ['dpu'] } } },
        },
      ],
      pod: {
        capabilities: ['NET_ADMIN'],
        // As the Go operator mounts it: the DPU's own directory for the socket lies over it.
        hostPaths: [{ path: '/var/run' }],
        gracePeriodSeconds: 60,
      },
      settings: { type: 'object' },
    },
    pod: {
      args: ['/var/run/dpu-daemon/vendor-plugin/vendor-plugin.sock'],
      runAsUser: 0,
      env: [{ name: 'FLAVOUR', value: 'go' }],
      volumes: [{ name: 'host-root', hostPath: { path: '/' } }],
      volumeMounts: [{ name: 'host-root', mountPath: '/host', readOnly: true }],
    },
  },
};

describe.skipIf(!isPossible)(`an image of the Go operator's wire${why}`, () => {
  let fixture: OperatorFixture;
  const dpuOf = (node: string, side: 'host' | 'dpu') => `go-${node}-${side}`;
  const logOf = (dpu: string) => fixture.kubectl.run(['logs', '-n', namespace, `vsp-${dpu}`]);

  beforeAll(async () => {
    fixture = await operatorIsOff();
    await loadGoVsp(fixture.cluster);
    await fixture.kubectl.run(['apply', '--server-side', '-f', '-'], stringify(vendorPlugin));
    for (const [node, side] of [
      [fixture.host, 'host'],
      [fixture.dpu, 'dpu'],
    ] as const) {
      await fixture.kubectl.run(['label', '--overwrite', 'node', node, softwareDpu, `${label}=${side}`]);
    }
    await start(fixture);
  });
  afterAll(async () => {
    await deletePods(fixture.kubectl, ['my-pod']);
    await turnOff(fixture);
    await fixture.kubectl.run(['delete', 'vendorplugin', 'go-vsp', '--ignore-not-found']);
    // The next test file gives the nodes their software DPU again.
    for (const node of [fixture.host, fixture.dpu]) await fixture.kubectl.run(['label', 'node', node, `${label}-`]);
  });

  it('is detected by its rules, initialised, and runs with what the VendorPlugin gives it', async () => {
    const { kubectl } = fixture;
    const host = dpuOf(fixture.host, 'host');
    for (const dpu of [host, dpuOf(fixture.dpu, 'dpu')]) {
      await kubectl.wait('create', [`dpu/${dpu}`]);
      await kubectl.wait('condition=Ready', [`dpu/${dpu}`]);
    }
    const pod = await kubectl.json<{ spec: { terminationGracePeriodSeconds: number; containers: object[] } }>([
      'get',
      'pod',
      '-n',
      namespace,
      `vsp-${host}`,
    ]);
    expect(pod.spec.terminationGracePeriodSeconds).toBe(60);
    expect(pod.spec.containers).toMatchObject([
      {
        args: vendorPlugin.spec.pod.args,
        env: expect.arrayContaining([
          { name: 'DPU_SIDE', value: 'host' },
          { name: 'DPU_IDENTIFIER', value: `go-${fixture.host}` },
          { name: 'FLAVOUR', value: 'go' },
        ]),
        volumeMounts: expect.arrayContaining([{ name: 'host-root', mountPath: '/host', readOnly: true }]),
      },
    ]);
  });

  it('has its devices at the kubelet, for which it had to be told a number', async () => {
    await eventually('the node has devices', async () => {
      const { status } = await fixture.kubectl.json<{ status: { allocatable: Record<string, string> } }>([
        'get',
        'node',
        fixture.host,
      ]);
      return Number(status.allocatable['openshift.io/dpu'] ?? 0) > 0 ? true : undefined;
    });
  });

  it('gets a bridge port for a pod, under whatever name it answers', async () => {
    await fixture.kubectl.run(['create', '-f', 'examples/my-pod.yaml']);
    await fixture.kubectl.wait('condition=Ready', ['pod/my-pod']);
    expect((await net1(fixture.kubectl, 'my-pod')).ip).toMatch(/^10\.56\.217\./);
    expect(await logOf(dpuOf(fixture.dpu, 'dpu'))).toMatch(/bridge port host0-\d+\n/);
  });

  it('conforms as far as it can be read, beside the pod that uses it', async () => {
    const dpu = dpuOf(fixture.dpu, 'dpu');
    const guide = 'packages/sdk/docs/guides/from-go.md';
    const [documented = ''] = await documentCommands(guide, 'Run the image as it is');
    const socket = '/var/run/dpu-daemon/vendor-plugin/vendor-plugin.sock';
    expect(documented).toContain(socket);
    const [, ...args] = argumentsOf('npx', documented.replace(socket, '/vsp/vendor-plugin.sock'));
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'conformance', namespace },
      spec: {
        nodeName: fixture.dpu,
        restartPolicy: 'Never',
        containers: [
          {
            name: 'conformance',
            image: 'dpu-operator/vsp:dev',
            imagePullPolicy: 'IfNotPresent',
            command: ['node', '/opt/dpu-vsp/dpu-vsp.mjs'],
            args,
            securityContext: { privileged: true, runAsUser: 0 },
            volumeMounts: [{ name: 'vsp', mountPath: '/vsp' }],
          },
        ],
        volumes: [{ name: 'vsp', hostPath: { path: `/var/run/dpu-daemon/vsp/${dpu}` } }],
      },
    };
    const asked = ['pod', 'conformance', '-n', namespace];
    await fixture.kubectl.run(['delete', ...asked, '--ignore-not-found']);
    await fixture.kubectl.run(['create', '-f', '-'], stringify(pod));
    const phase = await eventually('the suite ends', async () => {
      const said = await fixture.kubectl.run(['get', ...asked, '-o', 'jsonpath={.status.phase}']);
      return said === 'Succeeded' || said === 'Failed' ? said : undefined;
    });
    const report = await fixture.kubectl.run(['logs', '-n', namespace, 'conformance']);
    await fixture.kubectl.run(['delete', ...asked]);
    expect(phase, report).toBe('Succeeded');
    expect(report).toMatch(/conforms to contract .*: [1-9]\d* passed, 0 failed, [1-9]\d* skipped/);
  });
});
