/** The network-resources-injector: a webhook, and what serves it. All of it can be left out. */
import { leastPrivileges } from '../api/names/least-privileges.ts';
import { injectorNames, networksAnnotation, operatorNamespace, workloads } from '../api/names/names.ts';
import { ports } from '../api/names/ports.ts';
import { requiredScc } from '../api/names/scc.ts';
import { defaultNetworkAnnotation } from '../injector/networks.ts';
import { mutatePath } from '../injector/server.ts';
import { serviceCaAnnotation } from '../operator/injector/plan.ts';
import { init, nodeVariables } from '../operator/shared/node-process.ts';
import { type DeploymentOptions, spreadOver } from './deployment.ts';
import { healthProbes } from './probes.ts';
import { rolesOf, serviceAccount } from './rbac.ts';
import { injectorRights } from './rights/injector.ts';

const labels = { app: workloads.injector };
const directory = '/etc/tls';
const metadata = { name: workloads.injector, namespace: operatorNamespace, labels };

/** The account comes first. */
export function injector(options: DeploymentOptions): object[] {
  return [
    serviceAccount(injectorRights.account),
    ...rolesOf(injectorRights),
    service,
    injectorDeployment(options),
    disruptionBudget,
    webhook(options.injector.failurePolicy),
  ];
}

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    ...metadata,
    name: injectorNames.service,
    // OpenShift's service-ca fills the Secret; elsewhere the operator does.
    annotations: { 'service.beta.openshift.io/serving-cert-secret-name': injectorNames.certificate },
  },
  spec: {
    selector: labels,
    ports: [{ name: 'webhook', port: 443, targetPort: ports.injectorWebhook }],
  },
};

const disruptionBudget = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata,
  spec: {
    maxUnavailable: 1,
    selector: { matchLabels: labels },
  },
};

export function injectorDeployment(options: DeploymentOptions): object {
  const { images, imagePullPolicy, tolerations, podSpec } = options;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas: options.injector.replicas,
      // In place of each other, as the operator's: the other one serves.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: requiredScc('restricted-v2') },
        spec: {
          serviceAccountName: injectorRights.account,
          priorityClassName: 'system-cluster-critical',
          tolerations,
          affinity: spreadOver(labels),
          // It serves for 5 s more, and lets what is in flight end for as long; as the operator's.
          terminationGracePeriodSeconds: 15,
          ...podSpec,
          containers: [
            {
              name: 'webhook',
              image: images.operator,
              imagePullPolicy,
              // With Node's own young generation: one of 1 MB takes 23 MiB less, and makes the slowest of a hundred answers
              // 13 ms late where it is 4 (test/bench/injector.ts).
              command: [...init, 'node', '/opt/dpu-operator/injector.mjs'],
              env: [
                ...nodeVariables,
                { name: 'NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
                { name: 'CERTIFICATE_DIRECTORY', value: directory },
                { name: 'WEBHOOK_PORT', value: String(ports.injectorWebhook) },
                { name: 'HEALTH_PORT', value: String(ports.injectorHealth) },
              ],
              ports: [
                { name: 'webhook', containerPort: ports.injectorWebhook },
                { name: 'health', containerPort: ports.injectorHealth },
              ],
              ...healthProbes(ports.injectorHealth),
              resources: {
                requests: { cpu: '10m', memory: '64Mi' },
                limits: { memory: '256Mi' },
              },
              securityContext: { ...leastPrivileges, runAsNonRoot: true },
              volumeMounts: [{ name: 'tls', mountPath: directory, readOnly: true }],
            },
          ],
          // The pod starts when the certificate has been made.
          volumes: [{ name: 'tls', secret: { secretName: injectorNames.certificate } }],
        },
      },
    },
  };
}

const named = [networksAnnotation, defaultNetworkAnnotation].map((name) => `'${name}' in object.metadata.annotations`);

function webhook(failurePolicy: unknown): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: {
      name: injectorNames.webhook,
      labels,
      annotations: { [serviceCaAnnotation]: 'true' },
    },
    webhooks: [
      {
        name: 'network-resources-injector-config.k8s.io',
        admissionReviewVersions: ['v1', 'v1beta1'],
        sideEffects: 'None',
        failurePolicy,
        timeoutSeconds: 5,
        clientConfig: { service: { name: injectorNames.service, namespace: operatorNamespace, path: mutatePath } },
        rules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' },
        ],
        namespaceSelector: {
          matchExpressions: [
            {
              key: 'kubernetes.io/metadata.name',
              operator: 'NotIn',
              values: [operatorNamespace, 'kube-system'],
            },
          ],
        },
        // The API server calls for nothing else: other pods never wait for this webhook.
        matchConditions: [
          {
            name: 'names-a-network-or-has-a-label-that-is-true',
            expression: `(has(object.metadata.annotations) && (${named.join(' || ')})) || (has(object.metadata.labels) && object.metadata.labels.exists(key, object.metadata.labels[key].lowerAscii() == 'true'))`,
          },
          {
            name: 'is-not-made-by-the-operator',
            expression: `request.userInfo.username != 'system:serviceaccount:${operatorNamespace}:${workloads.operator}'`,
          },
        ],
      },
    ],
  };
}
