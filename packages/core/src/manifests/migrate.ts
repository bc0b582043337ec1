/**
 * Jobs that take over from the Go operator, for who installs by Helm or OLM: `config/migrate` before this operator is
 * installed, `config/migrate-finish` behind it, `config/migrate-back` in its place.
 */
import { operatorNamespace } from '../api/names.ts';
import { requiredScc } from '../api/scc.ts';
import { init } from '../operator/node-process.ts';
import { type DeploymentOptions, defaults } from './deployment.ts';
import { imageParts } from './image.ts';

const rbac = 'rbac.authorization.k8s.io';

/** By their directories, and the commands of `dpuctl migrate`. */
const jobs = {
  migrate: 'start',
  'migrate-finish': 'finish',
  'migrate-back': 'back',
} as const;

/** The files by their path. */
export function migrationFiles(images: DeploymentOptions['images']): Map<string, readonly object[]> {
  const files = new Map<string, readonly object[]>();
  for (const [directory, command] of Object.entries(jobs)) {
    files.set(`config/${directory}/job.yaml`, jobObjects(`dpu-operator-${directory}`, command));
    files.set(`config/${directory}/images.yaml`, [
      { images: [{ path: 'spec/template/spec/containers/env/value', kind: 'Job' }] },
    ]);
    files.set(`config/${directory}/kustomization.yaml`, [kustomization(images.operator)]);
  }
  return files;
}

function kustomization(image: string): object {
  const { repository, tag, digest } = imageParts(image);
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['job.yaml'],
    configurations: ['images.yaml'],
    images: [
      {
        name: imageParts(defaults.images.operator).repository,
        newName: repository,
        ...(digest ? { digest } : { newTag: tag }),
      },
    ],
  };
}

/** An account, its rights, and the Job. */
export function jobObjects(name: string, command: string): object[] {
  const image = defaults.images.operator;
  return [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace: operatorNamespace },
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      // It puts back roles that hold nearly every right: nobody can give what he has not.
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name, namespace: operatorNamespace }],
    },
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name, namespace: operatorNamespace },
      spec: {
        // Another attempt goes on where the last one was broken off.
        backoffLimit: 2,
        template: {
          metadata: { annotations: requiredScc('restricted-v2') },
          spec: {
            serviceAccountName: name,
            restartPolicy: 'Never',
            containers: [
              {
                name: 'migrate',
                image,
                imagePullPolicy: 'IfNotPresent',
                command: [...init, 'node', '/opt/dpu-operator/dpuctl.mjs', 'migrate'],
                args: [command],
                env: [{ name: 'OPERATOR_IMAGE', value: image }],
                resources: {
                  requests: { cpu: '10m', memory: '64Mi' },
                  limits: { memory: '256Mi' },
                },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  runAsNonRoot: true,
                  capabilities: { drop: ['ALL'] },
                  seccompProfile: { type: 'RuntimeDefault' },
                },
              },
            ],
          },
        },
      },
    },
  ];
}
