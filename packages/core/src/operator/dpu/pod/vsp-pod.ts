import type { PluginRun } from '../../../api/fields/plugin-run.ts';
import type { DataProcessingUnit } from '../../../api/kinds/data-processing-unit.ts';
import { annotations, labels, workloads } from '../../../api/names/names.ts';
import { shorten, vspPodName } from '../../../api/names/paths.ts';
import { requiredScc } from '../../../api/names/scc.ts';
import { type Applied, controllerReference, pod } from '../../../kube/index.ts';
import { hashOf } from '../../shared/canonical-json.ts';
import type { Environment } from '../../shared/environment.ts';
import { onNode } from '../../shared/on-node.ts';
import { PodVolumes } from './pod-volumes.ts';
import { companionContainers, gracePeriodSeconds, vspContainer } from './vsp-container.ts';

/** Values of labels have 63 characters. */
export function vspPodLabels(app: string, dpuName: string): Record<string, string> {
  return { app, [labels.dpuName]: shorten(dpuName, 63) };
}

/** The pod that runs a DPU's vendor plugin on the DPU's node. Its annotations tell what it was made from. */
export function renderVspPod(dpu: DataProcessingUnit, run: PluginRun, environment: Environment): Applied {
  const spec = vspPodSpec(dpu, run, environment);
  return {
    apiVersion: pod.apiVersion,
    kind: pod.kind,
    metadata: {
      name: vspPodName(dpu.metadata.name),
      namespace: environment.namespace,
      labels: vspPodLabels('vsp', dpu.metadata.name),
      annotations: {
        [annotations.specHash]: hashOf(spec),
        [annotations.runDigest]: run.digest,
        [annotations.plugin]: run.name,
        // For the directory of its socket, whatever else it asks for.
        ...requiredScc('privileged'),
      },
      ownerReferences: [controllerReference(dpu)],
    },
    spec,
  };
}

/** Of a DPU in it are its name, node, side, product, identifier and PCI address: see vsp-pod-hash.ts. */
export function vspPodSpec(dpu: DataProcessingUnit, run: PluginRun, environment: Environment): object {
  const { pod, overlay } = run;
  const volumes = new PodVolumes();
  const vsp = vspContainer(dpu, run, environment, volumes);
  const companions = companionContainers(run, environment, volumes);
  return {
    serviceAccountName: overlay?.serviceAccountName ?? workloads.vsp,
    // An account that somebody has made for the plugin is there to be used.
    automountServiceAccountToken: overlay?.serviceAccountName !== undefined,
    affinity: onNode(dpu.spec.nodeName),
    tolerations: [{ operator: 'Exists' }],
    priorityClassName: 'system-node-critical',
    ...(pod.hostNetwork && { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }),
    ...((pod.hostPID || overlay?.hostPID) && { hostPID: true }),
    ...(overlay?.imagePullSecrets && { imagePullSecrets: overlay.imagePullSecrets }),
    terminationGracePeriodSeconds: gracePeriodSeconds(run),
    ...(companions.length > 0 && { initContainers: companions }),
    containers: [vsp],
    volumes: [...volumes.all, ...(overlay?.volumes ?? [])],
  };
}
