/** The pod that puts a plugin on a DPU's node before the VSP that runs is touched. */
import type { PluginRun } from '../../../api/fields/plugin-run.ts';
import type { DataProcessingUnit } from '../../../api/kinds/data-processing-unit.ts';
import { leastPrivileges } from '../../../api/names/least-privileges.ts';
import { annotations, workloads } from '../../../api/names/names.ts';
import { shorten } from '../../../api/names/paths.ts';
import { requiredScc } from '../../../api/names/scc.ts';
import { type Applied, controllerReference, pod } from '../../../kube/index.ts';
import { installContainer } from '../../../plugins/install/container.ts';
import type { Environment } from '../../shared/environment.ts';
import { onNode } from '../../shared/on-node.ts';
import { vspPodLabels } from '../pod/vsp-pod.ts';
import { installKey, preparation } from '../rollout/plugin-run.ts';

export function installPodName(dpuName: string): string {
  return `vsp-${shorten(dpuName, 241)}-install`;
}

/** Of the names of containers that have an image pulled. */
export const pullerPrefix = 'pull-';

/** What the container that has an image pulled is told to run: it is not there, and needs not be. */
const nothing = '/dpu-operator-has-this-image-pulled';

/**
 * The kubelet tries again after failures, each time waiting longer: a registry that was away is met again.
 *
 * @param before what runs: what it has on the node is not put there again
 */
export function renderInstallPod(
  dpu: DataProcessingUnit,
  run: PluginRun,
  before: PluginRun | undefined,
  environment: Environment,
): Applied {
  const { name } = dpu.metadata;
  const { install, pull } = preparation(before, run);
  const installer = install ? installerOf(name, run, environment) : { containers: [], volumes: [] };
  return {
    apiVersion: pod.apiVersion,
    kind: pod.kind,
    metadata: {
      name: installPodName(name),
      namespace: environment.namespace,
      labels: vspPodLabels('vsp-install', name),
      annotations: {
        [annotations.specHash]: installKey(run),
        // For the directory of plugins.
        ...requiredScc('privileged'),
      },
      ownerReferences: [controllerReference(dpu)],
    },
    spec: {
      serviceAccountName: workloads.vsp,
      automountServiceAccountToken: false,
      affinity: onNode(dpu.spec.nodeName),
      tolerations: [{ operator: 'Exists' }],
      priorityClassName: 'system-node-critical',
      restartPolicy: 'OnFailure',
      terminationGracePeriodSeconds: 1,
      containers: [...installer.containers, ...pull.map((image, index) => pullerOf(image, index, environment))],
      volumes: installer.volumes,
      ...(run.overlay?.imagePullSecrets && { imagePullSecrets: run.overlay.imagePullSecrets }),
    },
  };
}

function installerOf(dpuName: string, run: PluginRun, { operatorImage, imagePullPolicy, proxy }: Environment) {
  const { package: packageName = '', version, integrity = '', lock = '', registry, credentialsSecret } = run;
  const { container, volumes } = installContainer(
    {
      kind: 'npm',
      packageName,
      version,
      integrity,
      lock,
      ...(registry && { registry }),
      ...(credentialsSecret && { credentialsSecret }),
    },
    { image: operatorImage, imagePullPolicy, user: `${dpuName}.${run.claim ?? 'a'}`, proxy },
  );
  return { containers: [container], volumes };
}

/** Of a vendor's image nobody knows what could be run in it: that it cannot be started shows that it is there. */
function pullerOf(image: string, index: number, { imagePullPolicy }: Environment) {
  return {
    name: `${pullerPrefix}${index}`,
    image,
    imagePullPolicy,
    command: [nothing],
    resources: { requests: { cpu: '1m', memory: '8Mi' } },
    securityContext: leastPrivileges,
  };
}
