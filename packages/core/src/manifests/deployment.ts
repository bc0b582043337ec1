import { leastPrivileges } from '../api/names/least-privileges.ts';
import { operatorNamespace, workloads } from '../api/names/names.ts';
import { ports } from '../api/names/ports.ts';
import { requiredScc } from '../api/names/scc.ts';
import { init, nodeVariables, operatorFlags } from '../operator/shared/node-process.ts';
import { operatorContainer } from '../operator/shared/own-image.ts';
import { trustedCaMount, trustedCaVolume } from '../plugins/npm/trusted-ca.ts';
import { healthProbes } from './probes.ts';

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
  affinity: unknown;
  /** Of the network-resources-injector. */
  injector: {
    replicas: unknown;
    failurePolicy: unknown;
  };
  /** More fields of the pod's spec. */
  podSpec?: Readonly<Record<string, unknown>>;
  /** More environment variables. */
  env?: Readonly<Record<string, string>>;
}

const operatorLabels = { app: workloads.operator };

/** Nodes that run the control plane, under both names that clusters have for them. */
const controlPlanes = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** Kubernetes' own default waits 300 s: a replica on a node that is lost is made anew elsewhere after half a minute. */
const lostNodes = ['node.kubernetes.io/unreachable', 'node.kubernetes.io/not-ready'];

/** Pods with these labels on different nodes. Preferred: a cluster of one node has all of them there. */
export function spreadOver(labels: Readonly<Record<string, string>>) {
  return {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: {
            labelSelector: { matchLabels: labels },
            topologyKey: 'kubernetes.io/hostname',
          },
        },
      ],
    },
  };
}

export const defaults = {
  images: {
    operator: 'dpu-operator/operator:dev',
    vsp: 'dpu-operator/vsp:dev',
  },
  imagePullPolicy: 'IfNotPresent',
  // One leads, the other follows when the leader or its node is lost.
  replicas: 2,
  // The container at most (cgroup, with the page cache): 66 MiB with 860 chains and as many configs, 109 amid an upgrade;
  // npm, which looks plugins up, takes 100 MB more for a moment, and four of it go on at a time.
  resources: {
    requests: { cpu: '10m', memory: '96Mi' },
    limits: { memory: '768Mi' },
  },
  tolerations: [
    ...controlPlanes.map((key) => ({ key, operator: 'Exists', effect: 'NoSchedule' }) as const),
    ...lostNodes.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 }) as const),
  ],
  affinity: spreadOver(operatorLabels),
  injector: {
    // One answers while the other, or its node, is replaced.
    replicas: 2,
    // A pod that names a network is made also while nothing answers.
    failurePolicy: 'Ignore' as const,
  },
} satisfies DeploymentOptions;

/** A drain takes one replica at a time; with a single one it is not held up. */
export function disruptionBudget(): object {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: workloads.operator, namespace: operatorNamespace, labels: operatorLabels },
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: operatorLabels },
    },
  };
}

export function deployment(options: DeploymentOptions): object {
  const { images, imagePullPolicy } = options;
  const env = Object.entries(options.env ?? {}).map(([name, value]) => ({ name, value }));
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: workloads.operator, namespace: operatorNamespace, labels: operatorLabels },
    spec: {
      replicas: options.replicas,
      // In place of each other: a third pod may find no node of its own. The one that leads goes on meanwhile.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      selector: { matchLabels: operatorLabels },
      template: {
        metadata: {
          labels: operatorLabels,
          annotations: requiredScc('restricted-v2'),
        },
        spec: {
          serviceAccountName: workloads.operator,
          priorityClassName: 'system-cluster-critical',
          tolerations: options.tolerations,
          affinity: options.affinity,
          // It ends within a second. The deletion of a namespace looks again at pods after half of the longest of these.
          terminationGracePeriodSeconds: 15,
          ...options.podSpec,
          containers: [
            {
              name: operatorContainer,
              image: images.operator,
              imagePullPolicy,
              command: [...init, 'node', ...operatorFlags, '/opt/dpu-operator/operator.mjs'],
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
              ...healthProbes(ports.operatorHealth),
              resources: options.resources,
              securityContext: {
                ...leastPrivileges,
                // The image names its user by number; OpenShift puts one of the namespace's in its place.
                runAsNonRoot: true,
              },
              volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }, trustedCaMount],
            },
          ],
          // npm works there while it looks plugins up; nothing stays.
          volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '512Mi' } }, trustedCaVolume],
        },
      },
    },
  };
}
