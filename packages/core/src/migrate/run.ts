/** Goes the migration's steps, one after another, and says each. */
import { operatorNamespace } from '../api/names/names.ts';
import type { Context } from '../dpuctl/context.ts';
import { persist } from '../kube/index.ts';
import { defaults } from '../manifests/deployment.ts';
import { imageParts } from '../manifests/image.ts';
import { installation } from '../manifests/installation.ts';
import { faults, nodeFaults, reportFaults, undoFaults } from './checks.ts';
import { type AccessQuestion, MigrationCluster } from './cluster.ts';
import {
  cniDirectory,
  daemonSet,
  injector,
  isGoDeployment,
  type KubeJson,
  keyOf,
  type ObjectRef,
  operatorDeployment,
  refOf,
  replaced,
  takenOver,
} from './go-objects.ts';
import type { NodeMode } from './node/pod.ts';
import { onNode } from './node-pods.ts';
import { daemonNodes, isInReach, type NodeReport, type Observed, objectOf } from './observed.ts';
import { type Action, isDeployed, nextBack, nextFinish, nextForward, type Step } from './plan.ts';
import { forget, remember, save } from './saved.ts';

export interface MigrateOptions {
  /** The operator's, for the pods on nodes. */
  image: string;
  /** Seconds that a step may take. */
  timeoutSeconds: number;
  interruptNetworkFunctions: boolean;
}

/** Far more than there are: a step that is planned again and again would go on for ever. */
const mostSteps = 200;

export class Migration {
  readonly #cluster: MigrationCluster;
  readonly #options: MigrateOptions;
  readonly #print: Context['print'];

  /** @throws Error where the image's name is none: nodes would wait for it. */
  constructor({ store, print }: Pick<Context, 'store' | 'print'>, options: MigrateOptions) {
    imageParts(options.image);
    this.#cluster = new MigrationCluster(store, options.timeoutSeconds * 1000);
    this.#options = options;
    this.#print = print;
  }

  /** Changes nothing but for pods that look at nodes and go. @throws Error with all that is in the way */
  async check(): Promise<void> {
    // Before what is there: who may not change it may not see all of it.
    const denied = await this.#persist(() => this.#cluster.denied(questions));
    refuse(
      notTakenOver,
      denied.map((right) => `you may not ${right}: migrate as a cluster administrator`),
    );
    const observed = await this.#cluster.observe();
    refuse(notTakenOver, faults(observed));
    // Nodes are looked at once: on the way they have neither daemon.
    if (observed.saved) return;
    const reports = await this.#look(observed, daemonNodes(observed), goDirectoryOf(observed));
    refuse(notTakenOver, reportFaults(reports, this.#options));
    const kept = reports.flatMap(({ devices }) => devices).length;
    this.#print(`nothing is in the way; devices that pods have: ${kept}`);
  }

  /** From here on our operator may be installed. What was begun is gone on with. */
  async forward(): Promise<void> {
    await this.check();
    await this.#go(nextForward);
    this.#print(
      'the Go operator is gone; its kinds, their objects and the networks are there: install this operator now',
    );
  }

  /** Behind the installation of our operator. The way back ends. */
  async finish(): Promise<void> {
    const observed = await this.#cluster.observe();
    const deployment = objectOf(observed, operatorDeployment);
    if (observed.saved && (!deployment || isGoDeployment(deployment) || observed.saved.undoing)) {
      throw new Error('this operator is not installed: there is nothing to finish');
    }
    await this.#go(nextFinish);
    this.#print('the migration is complete');
  }

  /** @throws Error where there is no way back (now), and why */
  async back(): Promise<void> {
    const observed = await this.#cluster.observe();
    const { saved } = observed;
    if (!saved) throw new Error('there is no way back: no migration was begun, or it is complete');
    refuse('there is no way back now', nodeFaults(observed));
    if (!saved.undoing) {
      const nodes = saved.imported.filter((node) => isInReach(observed, node));
      refuse('there is no way back now', undoFaults(await this.#look(observed, nodes, saved.cniDirectory)));
    }
    await this.#go(nextBack);
    this.#print('the Go operator is there again, as it was');
  }

  async #go(next: (observed: Observed) => Step | undefined): Promise<void> {
    for (let done = 0; done < mostSteps; done += 1) {
      if (await this.#persist(() => this.#step(next))) return;
    }
    throw new Error(`after ${mostSteps} steps there is still something to do: see the last lines`);
  }

  /** The step is planned anew from what is there now. @returns whether there was nothing left to do, or is not after it */
  async #step(next: (observed: Observed) => Step | undefined): Promise<boolean> {
    const observed = await this.#cluster.observe();
    if (observed.saved?.undoing && next !== nextBack) {
      throw new Error('another run has begun the way back: go it to its end');
    }
    const step = next(observed);
    if (!step) return true;
    this.#print(step.says);
    await this.#do(step.action, observed);
    return step.action.do === 'forget';
  }

  #persist<T>(work: () => Promise<T>): Promise<T> {
    return persist(work, { onBroken: ({ message }) => this.#print(`${message}; trying again`) });
  }

  async #do(action: Action, observed: Observed): Promise<void> {
    const { store } = this.#cluster;
    const { saved } = observed;
    switch (action.do) {
      case 'save':
        return save(store, observed, goDirectoryOf(observed));
      case 'scaleToZero':
        return this.#cluster.mergePatch(action.ref, { spec: { replicas: 0 } });
      case 'delete':
        for (const one of action.refs) await this.#cluster.delete(one);
        return;
      case 'deletePods':
        for (const name of action.pods) await this.#cluster.delete(podRef(name));
        return;
      case 'awaitPodsGone':
        return this.#awaitGone(action.pods, observed);
      case 'awaitReady':
        return this.#cluster.until(
          configRef(action.config),
          `DpuOperatorConfig ${action.config} is Ready`,
          (config) => config === undefined || isDeployed(config),
        );
      case 'removeFinalizer':
        return this.#removeFinalizer(action.object, action.finalizer);
      case 'deleteOurs':
        for (const one of ours()) await this.#cluster.delete(one);
        break;
      case 'putBack':
        for (const object of action.objects) await this.#persist(() => this.#cluster.put(object));
        break;
      case 'forget':
        await this.#cluster.deleteNodePods();
        return forget(store);
      case 'importOn':
      case 'restoreOn': {
        const isImport = action.do === 'importOn';
        const report = await this.#onNode(
          observed,
          action.node,
          isImport ? 'import' : 'restore',
          saved?.cniDirectory ?? '',
        );
        // Attached since the look: what is begun is gone on with, and who has to be made anew is told.
        const found = isImport ? reportFaults([report], { interruptNetworkFunctions: true }) : undoFaults([report]);
        for (const fault of found) this.#print(fault);
        break;
      }
      case 'beginUndo':
    }
    if (saved) await remember(store, saved, progress(action, saved));
  }

  /** Of VSPs: by the uid, since our operator makes others of the same name. */
  async #awaitGone(pods: readonly string[], observed: Observed): Promise<void> {
    const before = new Map(
      [...observed.operatorPods, ...observed.daemonPods, ...observed.vspPods].map((pod) => [pod.name, pod.uid]),
    );
    for (const name of pods) {
      const hasGone = (now: KubeJson | undefined) => now?.metadata.uid !== before.get(name);
      await this.#cluster.until(podRef(name), `pod ${name} has gone`, hasGone);
    }
  }

  #removeFinalizer({ kind, apiVersion, metadata }: KubeJson, finalizer: string): Promise<void> {
    const plural = kind === 'DpuOperatorConfig' ? 'dpuoperatorconfigs' : 'dataprocessingunits';
    const { name, resourceVersion, finalizers = [] } = metadata;
    const rest = finalizers.filter((one) => one !== finalizer);
    return this.#cluster.mergePatch(
      { apiVersion, kind, plural, name },
      { metadata: { resourceVersion, finalizers: rest } },
    );
  }

  async #look(observed: Observed, nodes: readonly string[], directory: string): Promise<NodeReport[]> {
    return Promise.all(nodes.map((node) => this.#persist(() => this.#onNode(observed, node, 'look', directory))));
  }

  async #onNode(observed: Observed, node: string, mode: NodeMode, directory: string): Promise<NodeReport> {
    const devices = await onNode(this.#cluster, {
      node,
      mode,
      image: this.#options.image,
      cniDirectory: directory,
      dpus: dpusOn(observed, node),
    });
    return { node, devices };
  }
}

function progress(action: Action, saved: NonNullable<Observed['saved']>) {
  switch (action.do) {
    case 'importOn':
      return { imported: [...saved.imported, action.node] };
    case 'restoreOn':
      return { restored: [...saved.restored, action.node] };
    case 'beginUndo':
      return { undoing: true };
    case 'deleteOurs':
      return { oursDeleted: true };
    case 'putBack':
      return { isPutBack: true };
    default:
      return {};
  }
}

/** Where no daemon is left to say it, the usual one: nothing of it is on any node then. */
const goDirectoryOf = (observed: Observed): string => cniDirectory(objectOf(observed, daemonSet)) ?? '/opt/cni';

function dpusOn({ dpus }: Observed, node: string) {
  const specs = dpus.map(({ metadata, spec }) => ({
    name: metadata.name,
    ...(spec as { nodeName?: string; isDpuSide?: boolean }),
  }));
  return specs
    .filter(({ nodeName }) => nodeName === node)
    .map(({ name, isDpuSide }) => ({ name, isDpuSide: isDpuSide === true }));
}

const configRef = (name: string): ObjectRef => ({
  apiVersion: 'config.openshift.io/v1',
  kind: 'DpuOperatorConfig',
  plural: 'dpuoperatorconfigs',
  name,
});

const podRef = (name: string): ObjectRef => ({
  apiVersion: 'v1',
  kind: 'Pod',
  plural: 'pods',
  namespace: operatorNamespace,
  name,
});

/** What every packaging of ours brings and the Go operator would stumble over; kinds and accounts stay. */
function ours(): ObjectRef[] {
  const { rights, networkPolicies, disruptionBudget, injector: ownInjector, policies } = installation(defaults);
  // Its webhook goes first: with nobody behind it, it may refuse pods.
  const injectorObjects = ownInjector.toReversed();
  const beside = [...injectorObjects, ...networkPolicies, disruptionBudget, ...[...policies.values()].flat()];
  const objects = [...rights, ...beside] as KubeJson[];
  // The injector that is there is ours: the other one went before ours came, or is put back next.
  const shared = new Set([...replaced, ...takenOver].filter((one) => one !== injector).map(keyOf));
  return objects.map(refOf).filter((one) => !shared.has(keyOf(one)));
}

const notTakenOver = 'the Go operator cannot be taken over';

function refuse(what: string, found: readonly string[]): void {
  if (found.length > 0)
    throw new Error(`${what}; nothing was changed:\n${found.map((one) => `  - ${one}`).join('\n')}`);
}

const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '');

/** Of one right for each kind: who may delete it here may do the rest. */
const questions: readonly AccessQuestion[] = [
  ...[...new Map([...replaced, ...takenOver].map((one) => [one.plural, one])).values()].map((one) => ({
    group: groupOf(one.apiVersion),
    resource: one.plural,
    verb: takenOver.includes(one) ? 'update' : 'delete',
    ...(one.namespace !== undefined && { namespace: one.namespace }),
  })),
  { group: '', resource: 'pods', verb: 'create', namespace: operatorNamespace },
  { group: '', resource: 'configmaps', verb: 'create', namespace: operatorNamespace },
  { group: 'config.openshift.io', resource: 'dpuoperatorconfigs', verb: 'patch' },
  { group: 'config.openshift.io', resource: 'dataprocessingunits', verb: 'patch' },
  { group: 'rbac.authorization.k8s.io', resource: 'clusterroles', verb: 'escalate' },
];
