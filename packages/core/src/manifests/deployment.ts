import { operatorNamespace, workloads } from '../api/names.ts';
import { ports } from '../api/ports.ts';
import { controllerFlags, init, nodeVariables } from '../operator/node-process.ts';
import { operatorContainer } from '../operator/own-image.ts';

export function namespace(): object {
  // The daemon and the VSPs are privileged: the admission of Pod Security has to let them.
  const levels = ['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'privileged']);
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: operatorNamespace, labels: Object.fromEntries(levels) },
  };
}

/** What a way of packaging fills in. A value may be text that its tool replaces. */
export interface DeploymentOptions {
  images: {
    operator: string;
    vsp: string;
  };
  imagePullPolicy: string;
  replicas: unknown;
  resources: unknown;
  tolerations: unknown;
  /** More fields of the pod's spec. */
  podSpec?: Readonly<Record<string, unknown>>;
  /** More environment variables. */
  env?: Readonly<Record<string, string>>;
}

export const defaults = {
  images: {
    operator: 'dpu-operator/operator:dev',
    vsp: 'dpu-operator/vsp:dev',
  },
  imagePullPolicy: 'IfNotPresent',
  replicas: 1,
  resources: { requests: { cpu: '10m', memory: '64Mi' } },
  tolerations: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' }],
} satisfies DeploymentOptions;

export const operatorLabels = { app: workloads.operator };

export function deployment(options: DeploymentOptions): object {
  const { images, imagePullPolicy } = options;
  const env = Object.entries(options.env ?? {}).map(([name, value]) => ({ name, value }));
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: workloads.operator, namespace: operatorNamespace, labels: operatorLabels },
    spec: {
      replicas: options.replicas,
      selector: { matchLabels: operatorLabels },
      template: {
        metadata: { labels: operatorLabels },
        spec: {
          serviceAccountName: workloads.operator,
          priorityClassName: 'system-cluster-critical',
          tolerations: options.tolerations,
          ...options.podSpec,
          containers: [
            {
              name: operatorContainer,
              image: images.operator,
              imagePullPolicy,
              command: [...init, 'node', ...controllerFlags, '/opt/dpu-operator/operator.mjs'],
              env: [
                ...nodeVariables,
                { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                { name: 'NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
                { name: 'VSP_IMAGE', value: images.vsp },
                { name: 'IMAGE_PULL_POLICIES', value: imagePullPolicy },
                { name: 'HEALTH_PORT', value: String(ports.operatorHealth) },
                { name: 'METRICS_PORT', value: String(ports.operatorMetrics) },
                ...env,
              ],
              ports: [
                { name: 'health', containerPort: ports.operatorHealth },
                { name: 'metrics', containerPort: ports.operatorMetrics },
              ],
              livenessProbe: { httpGet: { path: '/healthz', port: ports.operatorHealth }, periodSeconds: 20 },
              readinessProbe: { httpGet: { path: '/readyz', port: ports.operatorHealth }, periodSeconds: 5 },
              resources: options.resources,
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                runAsNonRoot: true,
                runAsUser: 65_532,
                capabilities: { drop: ['ALL'] },
                seccompProfile: { type: 'RuntimeDefault' },
              },
              volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
            },
          ],
          // npm works there while it looks plugins up; nothing stays.
          volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '512Mi' } }],
        },
      },
    },
  };
}
