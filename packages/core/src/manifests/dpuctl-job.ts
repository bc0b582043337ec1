import { leastPrivileges } from '../api/names/least-privileges.ts';
import { requiredScc } from '../api/names/scc.ts';
import { init } from '../operator/shared/node-process.ts';

export interface DpuctlJob {
  /** Its ServiceAccount. */
  account: string;
  container: string;
  /** The operator's. */
  image: string;
  imagePullPolicy: string;
  /** Of dpuctl. */
  command: string;
  args: readonly unknown[];
  env?: readonly object[];
  /** Attempts after the first. */
  backoffLimit: number;
}

/** The spec of a Job that runs dpuctl in the cluster. */
export function dpuctlJobSpec({
  account,
  container,
  image,
  imagePullPolicy,
  command,
  args,
  env,
  backoffLimit,
}: DpuctlJob) {
  return {
    backoffLimit,
    template: {
      metadata: { annotations: requiredScc('restricted-v2') },
      spec: {
        serviceAccountName: account,
        restartPolicy: 'Never',
        containers: [
          {
            name: container,
            image,
            imagePullPolicy,
            command: [...init, 'node', '/opt/dpu-operator/dpuctl.mjs', command],
            args,
            ...(env && { env }),
            resources: {
              requests: { cpu: '10m', memory: '64Mi' },
              limits: { memory: '256Mi' },
            },
            securityContext: {
              ...leastPrivileges,
              runAsNonRoot: true,
            },
          },
        ],
      },
    },
  };
}
