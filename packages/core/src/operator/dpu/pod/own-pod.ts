import { type DataProcessingUnit, dataProcessingUnit } from '../../../api/kinds/data-processing-unit.ts';
import { controllerName, type Pod } from '../../../kube/index.ts';

/** A pod that was made for this DPU, or for one of its name before it. A label or a name alone make it nobody's to delete. */
export function ownPod({ metadata }: DataProcessingUnit, pod: Pod | undefined): Pod | undefined {
  return pod && controllerName(pod, dataProcessingUnit.kind) === metadata.name ? pod : undefined;
}
