import { group, operatorNamespace } from '../../api/names/names.ts';
import { dpuctlJobSpec } from '../dpuctl-job.ts';
import { helm } from './expression.ts';

const name = 'dpu-operator-uninstall';

const metadata = (weight: number) => ({
  name,
  annotations: {
    'helm.sh/hook': 'pre-delete',
    'helm.sh/hook-weight': String(weight),
    'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
  },
});

const rbac = 'rbac.authorization.k8s.io';

/**
 * What Helm runs before it removes the release: without the operator nothing that it made on nodes would be taken away.
 * Where pods still use DPUs it fails, and with it the removal, and its log names them.
 */
export function uninstallHook(image: string, imagePullPolicy: string): object[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { ...metadata(0), namespace: operatorNamespace },
      imagePullSecrets: helm('.Values.imagePullSecrets | toJson'),
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: metadata(0),
      rules: [{ apiGroups: [group], resources: ['dpuoperatorconfigs'], verbs: ['get', 'list', 'watch', 'delete'] }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: metadata(1),
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: operatorNamespace }],
    },
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { ...metadata(2), namespace: operatorNamespace },
      spec: dpuctlJobSpec({
        account: name,
        container: 'uninstall',
        image,
        imagePullPolicy,
        command: 'uninstall',
        args: ['--timeout', helm('.Values.uninstall.timeoutSeconds | quote')],
        backoffLimit: 0,
      }),
    },
  ];
}
