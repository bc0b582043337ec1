/** What pods are rendered from in tests: an environment, a config, a release and a DPU that have nothing special. */
import type { PluginManifest } from '@dpu-operator/sdk/manifest';
import { dpuOperatorConfig } from '../../api/kinds/dpu-operator-config.ts';
import type { PluginRelease } from '../../plugins/release.ts';
import { pluginRun } from '../dpu/rollout/plugin-run.ts';
import { parseEnvironment } from '../shared/environment.ts';

export const environment = parseEnvironment({ OPERATOR_IMAGE: 'op:1', VSP_IMAGE: 'vsp:1', LOG_LEVEL: '' }, 'host');
const metadata = { name: 'dpu-operator-config', uid: 'u' };
export const config = dpuOperatorConfig.schema.parse({
  apiVersion: 'config.openshift.io/v1',
  kind: 'DpuOperatorConfig',
  metadata,
  spec: { logLevel: 3 },
});

export const release: PluginRelease = {
  plugin: '@vendor/vsp',
  version: '1.0.0',
  source: { kind: 'builtin', directory: '/plugins/vsp' },
  manifest: {
    contract: '^1.0.0',
    products: [{ name: 'Card' }],
    pod: {
      capabilities: ['NET_ADMIN'],
      hostPaths: [{ path: '/sys', readOnly: true }],
    },
    programs: [],
    disturbsTraffic: false,
    settings: {},
  },
};

export const dpu = {
  apiVersion: 'config.openshift.io/v1',
  kind: 'DataProcessingUnit',
  metadata: { name: 'card-host', uid: 'd' },
  spec: { isDpuSide: false, nodeName: 'node-a' },
} as const;

export const run = (settings: Record<string, unknown>, more: Partial<PluginRelease> = {}) =>
  pluginRun({ ...release, ...more }, 'host', { settings }, 'vsp:1');

export const manifestWith = (pod: PluginManifest['pod']) => ({ manifest: { ...release.manifest, pod } });

export const npm: PluginRelease['source'] = {
  kind: 'npm',
  packageName: '@acme/vsp',
  version: '1.0.0',
  integrity: 'sha512-a',
  lock: 'plugin-acme-0123456789abcdef',
  credentialsSecret: 'registry',
};
