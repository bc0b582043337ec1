/**
 * What is to be done next, from what there is. Every step is decided anew from the cluster, so a run that was broken off
 * goes on where it was, and one that is complete does nothing.
 *
 * ```
 * forward:  save - operator to 0 - webhooks - daemons - nodes - finalizer - leftovers        then our operator is installed
 * finish:   rights of VSPs - forget                                                           the way back ends
 * back:     our operator - our daemons - nodes - finalizers - VSPs - policies - put back - forget
 * ```
 *
 * No daemon of ours may start before the last one of the Go operator has ended, and the other way round: daemons are
 * deleted, their pods waited for, and only then nodes are prepared for the others.
 */
import { finalizers } from '../api/names/names.ts';
import {
  daemonSet,
  goFinalizer,
  injector,
  isGoDaemonSet,
  isGoDeployment,
  isGoInjector,
  type KubeJson,
  leftovers,
  type ObjectRef,
  operatorDeployment,
  specOf,
  vspRights,
  webhooks,
} from './go-objects.ts';
import { isInReach, type Observed, objectOf, there } from './observed.ts';

export type Action =
  | { do: 'save' }
  | { do: 'beginUndo' }
  | { do: 'awaitReady'; config: string }
  | { do: 'scaleToZero'; ref: ObjectRef }
  | { do: 'delete'; refs: readonly ObjectRef[] }
  | { do: 'awaitPodsGone'; pods: readonly string[] }
  | { do: 'deletePods'; pods: readonly string[] }
  | { do: 'importOn'; node: string }
  | { do: 'restoreOn'; node: string }
  | { do: 'removeFinalizer'; object: KubeJson; finalizer: string }
  | { do: 'deleteOurs' }
  | { do: 'putBack'; objects: readonly KubeJson[] }
  | { do: 'forget' };

export interface Step {
  /** For people: what is done now. */
  says: string;
  action: Action;
}

const step = (says: string, action: Action): Step => ({ says, action });
const names = (pods: readonly { name: string }[]): string[] => pods.map(({ name }) => name);

/** The next step until our operator can be installed; undefined when it can. */
export function nextForward(observed: Observed): Step | undefined {
  const { saved } = observed;
  if (!saved) {
    return isGoThere(observed)
      ? step('save what is replaced in ConfigMap dpu-operator-migration', { do: 'save' })
      : undefined;
  }
  const deployment = objectOf(observed, operatorDeployment);
  const isGo = isGoDeployment(deployment);
  if (isGo && specOf(deployment).replicas !== 0) {
    return step('scale the Go operator to 0', { do: 'scaleToZero', ref: operatorDeployment });
  }
  const operators = observed.operatorPods.filter(({ ofGo }) => ofGo);
  if (operators.length > 0) {
    return step(`wait for the end of ${names(operators).join(', ')}`, {
      do: 'awaitPodsGone',
      pods: names(operators),
    });
  }
  return (
    goWebhooks(observed) ??
    goDaemons(observed) ??
    toImport(observed) ??
    finalizerOff(observed, goFinalizer) ??
    goRest(observed)
  );
}

/** The next step after our operator is Ready; undefined when the migration is complete. */
export function nextFinish(observed: Observed): Step | undefined {
  if (!observed.saved) return undefined;
  const waiting = observed.configs.find((config) => !isDeployed(config));
  if (waiting) {
    const { name } = waiting.metadata;
    return step(`wait until DpuOperatorConfig ${name} is Ready`, { do: 'awaitReady', config: name });
  }
  const old = observed.vspPods.filter(({ ofGo }) => ofGo);
  // Our operator replaces each in its turn.
  if (old.length > 0) {
    return step(`wait until our operator has replaced ${names(old).join(', ')}`, {
      do: 'awaitPodsGone',
      pods: names(old),
    });
  }
  const rights = there(observed, vspRights);
  if (rights.length > 0) return step('delete the rights of the Go operator’s VSPs', { do: 'delete', refs: rights });
  return step('delete what was saved: the way back ends', { do: 'forget' });
}

/** The next step of the way back; undefined when it is complete, and where nothing was begun. */
export function nextBack(observed: Observed): Step | undefined {
  const { saved } = observed;
  if (!saved) return undefined;
  if (!saved.undoing) return step('begin the way back', { do: 'beginUndo' });
  const deployment = objectOf(observed, operatorDeployment);
  if (deployment && !isGoDeployment(deployment)) {
    return step('delete our operator', { do: 'delete', refs: [operatorDeployment] });
  }
  const operators = observed.operatorPods.filter(({ ofGo }) => !ofGo);
  if (operators.length > 0) {
    return step(`wait for the end of ${names(operators).join(', ')}`, { do: 'awaitPodsGone', pods: names(operators) });
  }
  return (
    ourDaemons(observed) ??
    toRestore(observed) ??
    finalizerOff(observed, finalizers.operator) ??
    daemonFinalizerOff(observed) ??
    ourVsps(observed) ??
    putBack(observed)
  );
}

/** By our operator: the Go operator's own word may still stand there. */
export function isDeployed({ status }: KubeJson): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string; reason: string }[] };
  const ready = conditions.find(({ type }) => type === 'Ready');
  return (ready?.status === 'True' && ready.reason === 'Deployed') || ready?.reason === 'NoNodes';
}

function isGoThere(observed: Observed): boolean {
  return (
    isGoDeployment(objectOf(observed, operatorDeployment)) ||
    isGoDaemonSet(objectOf(observed, daemonSet)) ||
    isGoInjector(objectOf(observed, injector))
  );
}

function goWebhooks(observed: Observed): Step | undefined {
  const refs = there(observed, webhooks);
  return refs.length > 0 ? step(`delete ${list(refs)}`, { do: 'delete', refs }) : undefined;
}

function goDaemons(observed: Observed): Step | undefined {
  if (isGoDaemonSet(objectOf(observed, daemonSet))) {
    return step('delete the Go daemons; pods keep their interfaces', { do: 'delete', refs: [daemonSet] });
  }
  const pods = names(observed.daemonPods.filter(({ ofGo }) => ofGo));
  if (pods.length === 0) return undefined;
  return step(`wait for the end of ${pods.join(', ')}`, { do: 'awaitPodsGone', pods });
}

function toImport(observed: Observed): Step | undefined {
  const { saved } = observed;
  const node = saved?.nodes.find((name) => !saved.imported.includes(name) && isInReach(observed, name));
  return node === undefined ? undefined : step(`take over the attachments on ${node}`, { do: 'importOn', node });
}

function finalizerOff({ configs }: Observed, finalizer: string): Step | undefined {
  const config = configs.find(({ metadata }) => metadata.finalizers?.includes(finalizer));
  if (!config) return undefined;
  return step(`take the finalizer ${finalizer} off DpuOperatorConfig ${config.metadata.name}`, {
    do: 'removeFinalizer',
    object: config,
    finalizer,
  });
}

function goRest(observed: Observed): Step | undefined {
  const deployment = isGoDeployment(objectOf(observed, operatorDeployment)) ? [operatorDeployment] : [];
  const injectors = isGoInjector(objectOf(observed, injector)) ? [injector] : [];
  const refs = [...deployment, ...injectors, ...there(observed, leftovers)];
  return refs.length > 0 ? step(`delete ${list(refs)}`, { do: 'delete', refs }) : undefined;
}

function ourDaemons(observed: Observed): Step | undefined {
  const daemons = objectOf(observed, daemonSet);
  if (daemons && !isGoDaemonSet(daemons)) {
    return step('delete our daemons; pods keep their interfaces', { do: 'delete', refs: [daemonSet] });
  }
  const pods = names(observed.daemonPods.filter(({ ofGo }) => !ofGo));
  if (pods.length === 0) return undefined;
  return step(`wait for the end of ${pods.join(', ')}`, { do: 'awaitPodsGone', pods });
}

function toRestore(observed: Observed): Step | undefined {
  const { saved } = observed;
  const node = saved?.imported.find((name) => !saved.restored.includes(name) && isInReach(observed, name));
  return node === undefined
    ? undefined
    : step(`give the attachments on ${node} back to the Go daemon`, { do: 'restoreOn', node });
}

function daemonFinalizerOff({ dpus }: Observed): Step | undefined {
  const dpu = dpus.find(({ metadata }) => metadata.finalizers?.includes(finalizers.daemon));
  if (!dpu) return undefined;
  return step(`take the finalizer ${finalizers.daemon} off DataProcessingUnit ${dpu.metadata.name}`, {
    do: 'removeFinalizer',
    object: dpu,
    finalizer: finalizers.daemon,
  });
}

/** Their names are those of the Go operator's. */
function ourVsps({ vspPods }: Observed): Step | undefined {
  const pods = names(vspPods.filter(({ ofGo }) => !ofGo));
  return pods.length > 0 ? step(`delete our ${pods.join(', ')}`, { do: 'deletePods', pods }) : undefined;
}

function putBack({ saved }: Observed): Step | undefined {
  if (!saved?.oursDeleted) return step('delete our rights and policies', { do: 'deleteOurs' });
  if (!saved.isPutBack) {
    return step('put back what the Go operator had', { do: 'putBack', objects: inOrder([...saved.objects.values()]) });
  }
  return step('delete what was saved', { do: 'forget' });
}

const putBackLast = [
  'Pod',
  'DaemonSet',
  'Deployment',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
];

/**
 * Accounts come first: no pod is taken without its account, and a Secret of one is deleted. The operator comes last: it
 * starts with its rights and kinds there, and its webhook when it can serve it.
 */
export function inOrder(objects: readonly KubeJson[]): KubeJson[] {
  const rank = ({ kind }: KubeJson) => (kind === 'ServiceAccount' ? -2 : putBackLast.indexOf(kind));
  return [...objects].sort((a, b) => rank(a) - rank(b));
}

function list(refs: readonly ObjectRef[]): string {
  const [first, ...more] = refs.map(({ kind, name }) => `${kind} ${name}`);
  if (more.length > 2) return `${first} and ${more.length} more`;
  return [first, ...more].join(', ');
}
