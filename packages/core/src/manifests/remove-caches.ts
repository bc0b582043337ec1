/** What takes the installed plugins off the nodes, where somebody asks for it: no part of an installation. */
import { leastPrivileges } from '../api/names/least-privileges.ts';
import { labels, operatorNamespace } from '../api/names/names.ts';
import { requiredScc } from '../api/names/scc.ts';
import { pluginRoot } from '../plugins/install/directory.ts';
import { defaults } from './deployment.ts';
import { rolesOf, serviceAccount } from './rbac.ts';
import { privilegedPods } from './rights/right.ts';

const name = 'dpu-remove-caches';
/** The directory on the node is the mount itself, which nobody inside can remove: it stays, empty. */
const at = '/plugins';
/** All names but those of the directory and the one above. The image has coreutils and a shell, and no `find`. */
const everything = `${at}/* ${at}/.[!.]* ${at}/..?*`;

/** With an account of its own: those of the operator go with it, by Helm before anybody asks for this. */
export function removeCaches(): object[] {
  const grants = [{ namespace: operatorNamespace, rights: [privilegedPods] }];
  return [
    serviceAccount(name),
    ...rolesOf({ account: name, is: 'What takes installed plugins off nodes.', grants }),
    daemonSet(),
  ];
}

/** A pod on each node is ready when nothing is left there. */
function daemonSet(): object {
  const container = {
    image: defaults.images.operator,
    resources: {
      requests: { cpu: '10m', memory: '16Mi' },
      limits: { memory: '64Mi' },
    },
    securityContext: {
      // What is there belongs to root.
      runAsUser: 0,
      ...leastPrivileges,
      // Where SELinux is on, no ordinary container may write below /var/lib.
      seLinuxOptions: { type: 'spc_t' },
    },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace: operatorNamespace },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations: requiredScc('privileged') },
        spec: {
          serviceAccountName: name,
          automountServiceAccountToken: false,
          nodeSelector: { [labels.dpuNode]: 'true' },
          tolerations: [{ operator: 'Exists' }],
          terminationGracePeriodSeconds: 1,
          initContainers: [
            {
              name: 'remove',
              ...container,
              command: ['sh', '-c', `rm -rf ${everything}`],
              volumeMounts: [{ name: 'plugins', mountPath: at }],
            },
          ],
          containers: [{ name: 'done', ...container, command: ['sleep', 'infinity'] }],
          volumes: [{ name: 'plugins', hostPath: { path: pluginRoot, type: 'DirectoryOrCreate' } }],
        },
      },
    },
  };
}
