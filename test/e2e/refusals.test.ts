import { apiVersion } from '@dpu-operator/core/api';
import { beforeAll, describe, expect, it } from 'vitest';
import { namespace } from '../support/on-clusters/operator.ts';
import { operatorIsOn } from './fixture.ts';

const nf = { name: 'nf', image: 'example.com/nf:1' };
const plugin = (pod: object) => ({ image: 'example.com/vsp:1', pod });
const volume = (of: object) => plugin({ volumes: [{ name: 'files', ...of }] });
const mount = (mountPath: string) => ({
  ...volume({ emptyDir: {} }).pod,
  volumeMounts: [{ name: 'files', mountPath }],
});
const labelsWith = (requirement: object) => ({ matchExpressions: [{ key: 'example.com/rack', ...requirement }] });
const vfs = (requirement: object) => ({ matchExpressions: [{ key: 'vfId', ...requirement }] });

/** By the name of the object: kind, spec, and what the answer says behind the object's name. */
const refused: Record<string, [kind: string, spec: object, says: string]> = {
  'another-name': ['DpuOperatorConfig', {}, 'DpuOperatorConfig must have standard name "dpu-operator-config"'],

  'two-vf-counts': [
    'DataProcessingUnitConfig',
    { numVfs: 2, numVfsPerPf: [2] },
    'spec: Invalid value: numVfs is the number of the whole card: set that or numVfsPerPf',
  ],
  'authority-as-secret': [
    'DataProcessingUnitConfig',
    { secret: { name: 'dpu-channel-ca' } },
    "spec.secret.name: Invalid value: is the operator's own",
  ],
  'no-such-operator': [
    'DataProcessingUnitConfig',
    { dpuSelector: labelsWith({ operator: 'Is', values: ['1'] }) },
    'spec.dpuSelector.matchExpressions[0].operator: Invalid value: must be In, NotIn, Exists or DoesNotExist',
  ],
  // It would select every DPU.
  'not-in-nothing': [
    'DataProcessingUnitConfig',
    { dpuSelector: labelsWith({ operator: 'NotIn', values: [] }) },
    'spec.dpuSelector.matchExpressions[0].values: Required value: In and NotIn need values',
  ],
  'exists-with-values': [
    'DataProcessingUnitConfig',
    { dpuSelector: labelsWith({ operator: 'Exists', values: ['1'] }) },
    'spec.dpuSelector.matchExpressions[0].values: Invalid value: Exists and DoesNotExist take no values',
  ],
  'share-of-none': [
    'DataProcessingUnitConfig',
    { rollout: { maxUnavailable: '0%' } },
    'spec.rollout.maxUnavailable: Invalid value: "0%"',
  ],

  'no-functions': [
    'ServiceFunctionChain',
    { networkFunctions: [] },
    'spec.networkFunctions: Required value: spec.networkFunctions must list at least one network function',
  ],
  'functions-of-one-name': [
    'ServiceFunctionChain',
    { networkFunctions: [nf, nf] },
    'spec.networkFunctions: Invalid value: spec.networkFunctions[].name must be unique',
  ],
  'no-image': [
    'ServiceFunctionChain',
    { networkFunctions: [{ name: 'nf', image: ' ' }] },
    'spec.networkFunctions[0].image: Required value: spec.networkFunctions[].image must name a container image',
  ],

  [`network-${'x'.repeat(45)}`]: ['DpuNetwork', {}, "metadata.name: a DpuNetwork's has 52 characters at most"],
  'dpu-accel': ['DpuNetwork', {}, 'metadata.name: dpu-accel is kept for dpu-accel-nad'],
  'vfs-but': [
    'DpuNetwork',
    { dpuSelector: vfs({ operator: 'NotIn', values: ['1'] }) },
    'spec.dpuSelector.matchExpressions: Invalid value: vfId takes the operator In and numbers or ranges of VFs',
  ],
  'vfs-of-no-number': [
    'DpuNetwork',
    { dpuSelector: vfs({ operator: 'In', values: ['all'] }) },
    'spec.dpuSelector.matchExpressions: Invalid value: vfId takes the operator In and numbers or ranges of VFs',
  ],
  'vfs-as-label': [
    'DpuNetwork',
    { dpuSelector: { matchLabels: { vfId: '1' } } },
    'spec.dpuSelector.matchLabels: Invalid value: vfId belongs into matchExpressions',
  ],
  'nodes-by-no-such-operator': [
    'DpuNetwork',
    { nodeSelector: labelsWith({ operator: 'is' }) },
    'spec.nodeSelector.matchExpressions[0].operator: Invalid value: must be In, NotIn, Exists or DoesNotExist',
  ],

  'nothing-to-run': ['VendorPlugin', {}, 'spec: Invalid value: needs a package or an image'],
  'manifest-of-a-package': [
    'VendorPlugin',
    { package: '@acme/vsp', manifest: {} },
    'spec: Invalid value: a package brings its own manifest',
  ],
  'command-of-a-package': [
    'VendorPlugin',
    { package: '@acme/vsp', pod: { command: ['vsp'] } },
    'spec.pod: Invalid value: command and args are for an image without a package',
  ],
  'credentials-in-the-url': [
    'VendorPlugin',
    { package: '@acme/vsp', registry: 'https://me:secret@npm.example.com' },
    'spec.registry: Invalid value',
  ],
  'volume-of-two': [
    'VendorPlugin',
    volume({ emptyDir: {}, hostPath: { path: '/opt' } }),
    'spec.pod.volumes[0]: Invalid value: must be one of hostPath, emptyDir, configMap, secret and persistentVolumeClaim',
  ],
  'volume-of-the-operator': [
    'VendorPlugin',
    plugin({ volumes: [{ name: 'dpu-files', emptyDir: {} }] }),
    'spec.pod.volumes[0].name: Invalid value: names with dpu- are those of the operator',
  ],
  'volume-of-the-authority': [
    'VendorPlugin',
    volume({ secret: { secretName: 'dpu-channel-ca' } }),
    "spec.pod.volumes[0].secret.secretName: Invalid value: is the operator's own",
  ],
  'mount-of-nothing': [
    'VendorPlugin',
    plugin({ volumeMounts: [{ name: 'files', mountPath: '/files' }] }),
    'spec.pod.volumeMounts: Invalid value: every one of volumeMounts must name one of volumes',
  ],
  'mount-over-the-socket': [
    'VendorPlugin',
    plugin(mount('/var/run/dpu-daemon/vendor-plugin/')),
    'spec.pod.volumeMounts[0].mountPath: Invalid value: is where the VSP has its socket',
  ],
  'variable-of-the-operator': [
    'VendorPlugin',
    plugin({ env: [{ name: 'NODE_IP', value: '10.0.0.1' }] }),
    'spec.pod.env[0].name: Invalid value: is set by the operator',
  ],
};

/** Just inside of the same rules. */
const taken: Record<string, [kind: string, spec: object]> = {
  'vfs-per-pf': ['DataProcessingUnitConfig', { numVfsPerPf: [2, 0], secret: { name: 'dpu-channel' } }],
  'by-labels': [
    'DataProcessingUnitConfig',
    {
      dpuSelector: {
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['1'] },
          { key: 'b', operator: 'NotIn', values: ['1'] },
          { key: 'c', operator: 'Exists' },
          { key: 'd', operator: 'DoesNotExist', values: [] },
        ],
      },
      rollout: { maxUnavailable: '100%' },
    },
  ],
  'two-functions': ['ServiceFunctionChain', { networkFunctions: [nf, { ...nf, name: 'nf-2' }] }],
  [`network-${'x'.repeat(44)}`]: ['DpuNetwork', { dpuSelector: vfs({ operator: 'In', values: ['0-2', '5'] }) }],
  // As the Go operator takes it.
  'vfs-in-lower-case': ['DpuNetwork', { dpuSelector: vfs({ operator: 'in', values: ['1'] }) }],
  'image-of-a-package': ['VendorPlugin', { package: '@acme/vsp', image: 'example.com/vsp:1' }],
  'pod-of-an-image': ['VendorPlugin', plugin({ ...mount('/files'), command: ['vsp'], env: [{ name: 'LOG_LEVEL' }] })],
};

describe('the API server', () => {
  let answer: { stdout: string; stderr: string };
  beforeAll(async () => {
    const { kubectl } = await operatorIsOn();
    const items = [...Object.entries(refused), ...Object.entries(taken)].map(([name, [kind, spec]]) => ({
      apiVersion,
      kind,
      metadata: { name, namespace },
      spec,
    }));
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    answer = await kubectl.try(['create', '--dry-run=server', '-f', '-'], list);
  });

  it.each(Object.entries(refused))('refuses %s, with the field and the reason', (name, [, , says]) => {
    const about = answer.stderr.split(/\n(?=\S)/).find((text) => text.includes(`"${name}" is invalid`));
    expect(about).toContain(says);
  });

  it.each(Object.keys(taken))('takes %s', (name) => {
    expect(answer.stdout).toContain(`/${name} created (server dry run)`);
  });
});
