/** What the DpuOperatorConfig says of its daemons and of the DPUs that they found. */
import { type ConditionInput, isConditionTrue } from '../../api/fields/conditions.ts';
import type { DataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import { labels, workloads } from '../../api/names/names.ts';
import { firstTen } from '../../first-ten.ts';
import type { DaemonSet } from '../../kube/index.ts';

export interface Deployed {
  daemons: Pick<DaemonSet, 'metadata' | 'status'>;
  dpus: readonly Pick<DataProcessingUnit, 'status'>[];
  /** The operator's. */
  namespace: string;
  /** Namespaces of spec.chainNamespaces that there are not. */
  missingNamespaces: readonly string[];
  /** Where cards are read from in place of the node's, in tests. */
  sysfs: string | undefined;
}

export function readiness({
  daemons,
  dpus,
  namespace,
  missingNamespaces,
  sysfs,
}: Deployed): Omit<ConditionInput, 'type'> {
  const { desiredNumberScheduled: desired = 0, updatedNumberScheduled: updated = 0 } = daemons.status ?? {};
  const { numberAvailable: available = 0, observedGeneration = 0 } = daemons.status ?? {};
  const ready = dpus.filter(isReady).length;
  const counts = `daemons on ${available} of ${desired} nodes, ${ready} of ${dpus.length} DataProcessingUnits ready`;
  if (observedGeneration < (daemons.metadata.generation ?? 0) || updated < desired || available < desired) {
    const hint = `kubectl get pods -n ${namespace} -l app=${workloads.daemon}`;
    return { status: 'False', reason: 'RollingOut', message: `${counts}; the daemons are starting (${hint})` };
  }
  if (desired === 0) {
    const label = `${labels.dpuNode}=true`;
    const message = `no node has the label ${label}; kubectl label node <node> ${label} on each with a DPU`;
    return { status: 'False', reason: 'NoNodes', message };
  }
  const notes = [
    dpus.length === 0 && noneFound,
    missingNamespaces.length > 0 && `spec.chainNamespaces names no namespace: ${firstTen(missingNamespaces)}`,
    sysfs && `DPU_SYSFS of the operator is set: cards are read from ${sysfs}, for tests only`,
  ];
  return { status: 'True', reason: 'Deployed', message: [counts, ...notes.filter(Boolean)].join('; ') };
}

/** Also for a moment behind the start of the daemons. */
const noneFound =
  'no DPU is found on them: only cards of plugins are looked for that have a VendorPlugin (kubectl get vplugin, docs/install.md)';

export const isReady = ({ status }: Pick<DataProcessingUnit, 'status'>): boolean =>
  isConditionTrue(status?.conditions, 'Ready');
