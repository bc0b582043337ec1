import { operatorNamespace, workloads } from '../api/names.ts';
import { ports } from '../api/ports.ts';
import { controllerFlags, nodeVariables } from '../operator/node-process.ts';

export function namespace(): object {
  // The daemon and the VSPs are privileged: the admission of Pod Security has to let them.
  const levels = ['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'privileged']);
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: operatorNamespace, labels: Object.fromEntries(levels) },
  };
}

export interface Images {
  operator: string;
  vsp: string;
}

export function deployment({ operator, vsp }: Images): object {
  const labels = { app: workloads.operator };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: workloads.operator, namespace: operatorNamespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: workloads.operator,
          priorityClassName: 'system-cluster-critical',
          tolerations: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' }],
          containers: [
            {
              name: 'manager',
              image: operator,
              imagePullPolicy: 'IfNotPresent',
              command: ['node', ...controllerFlags, '/opt/dpu-operator/operator.mjs'],
              env: [
                ...nodeVariables,
                { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                { name: 'NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
                { name: 'OPERATOR_IMAGE', value: operator },
                { name: 'VSP_IMAGE', value: vsp },
                { name: 'IMAGE_PULL_POLICIES', value: 'IfNotPresent' },
                { name: 'HEALTH_PORT', value: String(ports.operatorHealth) },
                { name: 'METRICS_PORT', value: String(ports.operatorMetrics) },
              ],
              ports: [
                { name: 'health', containerPort: ports.operatorHealth },
                { name: 'metrics', containerPort: ports.operatorMetrics },
              ],
              livenessProbe: { httpGet: { path: '/healthz', port: ports.operatorHealth }, periodSeconds: 20 },
              readinessProbe: { httpGet: { path: '/readyz', port: ports.operatorHealth }, periodSeconds: 5 },
              resources: { requests: { cpu: '10m', memory: '64Mi' } },
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
