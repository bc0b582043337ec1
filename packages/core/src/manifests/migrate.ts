/**
 * Jobs that take over from the Go operator, for who installs by Helm or OLM: `config/migrate` before this operator is
 * installed, `config/migrate-finish` behind it, `config/migrate-back` in its place.
 */
import { operatorNamespace } from '../api/names/names.ts';
import { type DeploymentOptions, defaults } from './deployment.ts';
import { dpuctlJobSpec } from './dpuctl-job.ts';
import { kustomization, replacedImages } from './kustomize.ts';

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
  const [operator] = replacedImages(images);
  for (const [directory, command] of Object.entries(jobs)) {
    files.set(`config/${directory}/job.yaml`, jobObjects(`dpu-operator-${directory}`, command));
    files.set(`config/${directory}/images.yaml`, [
      { images: [{ path: 'spec/template/spec/containers/env/value', kind: 'Job' }] },
    ]);
    files.set(`config/${directory}/kustomization.yaml`, [
      {
        ...kustomization,
        resources: ['job.yaml'],
        configurations: ['images.yaml'],
        images: [operator],
      },
    ]);
  }
  return files;
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
      spec: dpuctlJobSpec({
        account: name,
        container: 'migrate',
        image,
        imagePullPolicy: 'IfNotPresent',
        command: 'migrate',
        args: [command],
        env: [{ name: 'OPERATOR_IMAGE', value: image }],
        // Another attempt goes on where the last one was broken off.
        backoffLimit: 2,
      }),
    },
  ];
}
