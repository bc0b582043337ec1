/** Since when a VSP's pod could work, and what keeps it from that which is no fault of its plugin. Pure. */
import { findCondition, isConditionTrue } from '../../../api/fields/conditions.ts';
import type { Pod } from '../../../kube/index.ts';

type Status = NonNullable<Pod['status']>;
type ContainerStatus = NonNullable<Status['containerStatuses']>[number];

/** Reasons of a container that waits for its image. Names and policies that are wrong are not among them. */
const pulling: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable']);

/**
 * When the container of the VSP started, the last time but one where it was started again; before that, when the kubelet
 * took the pod up; undefined where it has not.
 */
export function startedAt({ status }: Pod): string | undefined {
  const vsp = status?.containerStatuses?.find(({ name }) => name === 'vsp');
  return vsp?.lastState?.terminated?.startedAt ?? vsp?.state?.running?.startedAt ?? status?.startTime;
}

/** What a pod waits for where nothing is wrong with what it is to run: for people. */
export function hindrance({ status, spec }: Pod): string | undefined {
  const scheduled = findCondition(status?.conditions, 'PodScheduled');
  if (scheduled?.status === 'False') return `its pod cannot be scheduled: ${scheduled.message ?? scheduled.reason}`;
  if (status?.startTime === undefined) return `the kubelet of node ${spec.nodeName ?? ''} has not taken its pod up yet`;
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const image = containers.find(({ state }) => pulling.has(state?.waiting?.reason ?? ''))?.state?.waiting;
  if (image) return `an image cannot be pulled: ${image.message ?? image.reason}`;
  // Sandbox and volumes are there: what is left to be done before the container is the pull of its image.
  const isSetUp = isConditionTrue(status.conditions, 'PodReadyToStartContainers');
  if (isSetUp && containers.some(isBeingCreated)) return 'its images are being pulled';
  const areReady = containers.length > 0 && containers.every(({ ready }) => ready);
  const isLost = areReady && findCondition(status.conditions, 'Ready')?.status === 'False';
  return isLost ? 'its node is lost: does the kubelet there run?' : undefined;
}

function isBeingCreated({ state }: ContainerStatus): boolean {
  return state?.waiting?.reason === 'ContainerCreating';
}
