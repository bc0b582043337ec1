import { operatorNamespace, workloads } from '../../api/names/names.ts';

/** Where a daemon runs. Admission holds the operator to it, so that its token cannot run pods on other nodes. */
export const besideDaemon = [
  {
    labelSelector: { matchLabels: { app: workloads.daemon } },
    namespaces: [operatorNamespace],
    topologyKey: 'kubernetes.io/hostname',
  },
];

/** By the scheduler and not by nodeName: a pod that does not fit then says why. The kubelet does not ask for the daemon. */
export function onNode(name: string) {
  const terms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }];
  return {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
    podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: besideDaemon },
  };
}
