/** Why a migration cannot be begun, said before anything is changed. */
import { configName, networkNames } from '../api/names/names.ts';
import { firstTen } from '../first-ten.ts';
import {
  cniDirectory,
  daemonSet,
  isGoDaemonSet,
  isGoDeployment,
  isKnownVersion,
  operatorDeployment,
} from './go-objects.ts';
import { isInReach, type NodeReport, type Observed, objectOf } from './observed.ts';

export interface CheckOptions {
  /** Network functions may lose traffic until their pods are made anew. */
  interruptNetworkFunctions: boolean;
}

const wayBack = 'make migrate-back, or dpuctl migrate back';

/** Of the cluster alone; what {@link reportFaults} says comes on top. Empty where nothing is in the way. */
export function faults(observed: Observed): string[] {
  return [...installationFaults(observed), ...configFaults(observed), ...kindFaults(observed), ...nodeFaults(observed)];
}

function installationFaults(observed: Observed): string[] {
  if (observed.saved?.undoing) return [`the way back was begun: go it to its end (${wayBack})`];
  const deployment = objectOf(observed, operatorDeployment);
  const daemons = objectOf(observed, daemonSet);
  if (observed.saved) {
    const { nodes, imported } = observed.saved;
    const missing = nodes.filter((node) => !imported.includes(node) && isInReach(observed, node));
    const tooEarly = missing.length > 0 && observed.daemonPods.some(({ ofGo }) => !ofGo);
    return tooEarly
      ? [`this operator was installed before node ${firstTen(missing)} was prepared: uninstall it, then migrate again`]
      : [];
  }
  if (!isGoDeployment(deployment) && !isGoDaemonSet(daemons)) {
    return [deployment ? 'this operator is installed here already, and no Go operator' : 'no Go operator is here'];
  }
  const owner = deployment?.metadata.ownerReferences?.find(({ kind }) => kind === 'ClusterServiceVersion');
  const found: string[] = [];
  if (deployment && !isGoDeployment(deployment)) {
    found.push('this operator is installed beside daemons of the Go operator: uninstall one of the two first');
  } else if (deployment && !isKnownVersion(deployment)) {
    found.push(
      'the version of the Go operator is unknown: its Deployment has no DpuOperatorDaemonImage. Bring it to a release that has',
    );
  }
  if (owner) {
    const how = `kubectl delete subscription,clusterserviceversion -n ${deployment?.metadata.namespace}`;
    found.push(
      `OLM runs the Go operator and would undo every step: delete ${owner.name} and its Subscription (${how})`,
    );
  }
  if (isGoDaemonSet(daemons) && cniDirectory(daemons) === undefined) {
    found.push('DaemonSet dpu-daemon mounts nothing at /var/lib/cni: where its daemons keep attachments is unknown');
  }
  return found;
}

function configFaults({ configs, saved }: Observed): string[] {
  const others = configs.filter(({ metadata }) => metadata.name !== configName);
  const terminating = configs.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  // Of the operator that would let it go there is none in the middle.
  const remedy = saved ? `go back (${wayBack}), where the Go operator lets it go` : 'wait until it has gone';
  return [
    ...others.map(({ metadata }) => `DpuOperatorConfig ${metadata.name}: only ${configName} is served; delete it`),
    ...terminating.map(({ metadata }) => `DpuOperatorConfig ${metadata.name} is being deleted: ${remedy}`),
  ];
}

function kindFaults({ objects }: Observed): string[] {
  const kinds = [...objects.values()].filter(({ kind }) => kind === 'CustomResourceDefinition');
  return kinds.flatMap(({ metadata, status }) => {
    const stored = (status as { storedVersions?: string[] } | undefined)?.storedVersions ?? [];
    const strange = stored.filter((version) => version !== 'v1');
    return strange.length > 0
      ? [`kind ${metadata.name}: objects are stored as ${strange.join(', ')}, which is unknown here`]
      : [];
  });
}

export function nodeFaults({ nodes }: Pick<Observed, 'nodes'>): string[] {
  const away = nodes.filter(({ ready }) => !ready).map(({ name }) => name);
  return away.length > 0
    ? [`not Ready: node ${firstTen(away)}. What its daemon does is unknown; mend it, or take its label dpu=true off`]
    : [];
}

/** What the nodes say of pods on VFs. */
export function reportFaults(reports: readonly NodeReport[], options: CheckOptions): string[] {
  const devices = reports.flatMap(({ node, devices }) => devices.map((device) => ({ node, ...device })));
  const lost = devices.filter(({ state }) => state === 'lost');
  const functions = devices.filter(({ state }) => state === 'comesHome');
  const found = lost.map(
    ({ node, pod, device, reason }) =>
      `pod ${pod} on ${node} cannot be kept: device ${device}: ${reason}. Delete the pod`,
  );
  if (functions.length > 0 && !options.interruptNetworkFunctions) {
    const pods = [...new Set(functions.map(({ pod }) => pod))];
    found.push(
      `network functions lose their traffic until their pods are made anew, since the Go daemon keeps in its memory alone how they are connected: ${firstTen(pods)} (network ${networkNames.networkFunction}). Delete these pods, or migrate with --interrupt-network-functions`,
    );
  }
  return found;
}

/** Why there is no way back now. */
export function undoFaults(reports: readonly NodeReport[]): string[] {
  const ours = reports.flatMap(({ node, devices }) =>
    devices.filter(({ state }) => state === 'ours').map(({ pod }) => `${pod} on ${node}`),
  );
  return ours.length > 0
    ? [`attached since the migration, hence unknown to the Go daemon: pod ${firstTen([...new Set(ours)])}. Delete them`]
    : [];
}
