/** The cluster as the migration reads and changes it: objects as they are, since they are put back as they were. */
import { z } from 'zod';
import { metadataSchema } from '../api/fields/meta.ts';
import { annotations, labels, operatorNamespace, workloads } from '../api/names/names.ts';
import { ApiError, Informer, isNotFound, type KubeStore, persist } from '../kube/index.ts';
import { resourcePath } from '../kube/objects/resource.ts';
import { createLogger } from '../log.ts';
import {
  isOfAnotherOperator,
  type KubeJson,
  keyOf,
  type ObjectRef,
  refOf,
  replaced,
  takenOver,
  withoutIdentity,
} from './go-objects.ts';
import { nodePodLabel } from './node/pod.ts';
import type { NodeState, Observed, PodState } from './observed.ts';
import { readSaved } from './saved.ts';

const config = { apiVersion: 'config.openshift.io/v1' };
const anyObject = z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata: metadataSchema });

/** Items of a list come without their kind. */
const kindOf: Record<string, string> = {
  pods: 'Pod',
  nodes: 'Node',
  dpuoperatorconfigs: 'DpuOperatorConfig',
  dataprocessingunits: 'DataProcessingUnit',
};

interface PodJson extends KubeJson {
  spec: { nodeName?: string; containers: { name: string }[] };
}

export class MigrationCluster {
  readonly store: KubeStore;
  readonly #awaitMs: number;

  /** @param awaitMs milliseconds that something may take to go */
  constructor(store: KubeStore, awaitMs: number) {
    this.store = store;
    this.#awaitMs = awaitMs;
  }

  async observe(): Promise<Observed> {
    const refs = [...replaced, ...takenOver];
    const [found, saved, configs, dpus, nodes, pods] = await Promise.all([
      Promise.all(refs.map((ref) => this.get(ref))),
      readSaved(this.store),
      this.#list({ ...config, plural: 'dpuoperatorconfigs' }),
      this.#list({ ...config, plural: 'dataprocessingunits' }),
      this.#list({ apiVersion: 'v1', plural: 'nodes' }),
      this.#list({ apiVersion: 'v1', plural: 'pods' }, operatorNamespace),
    ]);
    const objects = new Map(
      refs.flatMap((ref, index) => {
        const object = found[index];
        return object && !isOfAnotherOperator(object) ? [[keyOf(ref), object] as const] : [];
      }),
    );
    // The Go operator has no other trace of them: the way back needs them.
    for (const pod of pods.filter((one) => isVspPod(one) && isGoVsp(one))) objects.set(keyOf(refOf(pod)), pod);
    return {
      objects,
      saved,
      configs,
      dpus,
      nodes: nodes.filter(isDpuNode).map(nodeState),
      otherNodes: nodes.filter((node) => !isDpuNode(node)).map(nodeState),
      operatorPods: podsWith(pods, isOperatorPod, isGoOperatorPod),
      daemonPods: podsWith(
        pods,
        ({ metadata }) => metadata.labels?.app === workloads.daemon,
        (pod) => hasContainer(pod, 'dpu-daemon'),
      ),
      vspPods: podsWith(pods, isVspPod, isGoVsp),
    };
  }

  /** @returns undefined when there is no such object, or no such kind */
  async get(ref: ObjectRef): Promise<KubeJson | undefined> {
    try {
      const path = resourcePath({ ...ref, namespaced: ref.namespace !== undefined }, ref.namespace, ref.name);
      return (await this.store.client.json({ method: 'GET', path })) as KubeJson;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Resolves when it has gone. */
  async delete(ref: ObjectRef): Promise<void> {
    await this.askToDelete(ref);
    await this.until(ref, `${ref.kind} ${ref.name} has gone`, (object) => object === undefined);
  }

  /** Does not wait until it has gone: a node that does not answer keeps its pods. */
  async askToDelete(ref: ObjectRef): Promise<void> {
    const path = resourcePath({ ...ref, namespaced: ref.namespace !== undefined }, ref.namespace, ref.name);
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground' };
    try {
      await persist(() => this.store.client.json({ method: 'DELETE', path, body }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async mergePatch(ref: ObjectRef, patch: object): Promise<void> {
    const path = resourcePath({ ...ref, namespaced: ref.namespace !== undefined }, ref.namespace, ref.name);
    const contentType = 'application/merge-patch+json';
    await this.store.client.json({ method: 'PATCH', path, body: patch, contentType });
  }

  /** As it was, whatever is in its place. */
  async put(object: KubeJson): Promise<void> {
    const ref = refOf(object);
    const type = { ...ref, namespaced: ref.namespace !== undefined };
    const body = withoutIdentity(object);
    const now = await this.get(ref);
    if (!now) {
      await this.store.client.json({ method: 'POST', path: resourcePath(type, ref.namespace), body });
      return;
    }
    // What a pod is made of cannot be changed, and nobody has.
    if (object.kind === 'Pod') return;
    const { resourceVersion, uid } = now.metadata;
    const replacement = { ...body, metadata: { ...body.metadata, resourceVersion, uid } };
    const path = resourcePath(type, ref.namespace, ref.name);
    await this.store.client.json({ method: 'PUT', path, body: replacement });
  }

  /** Of pods on nodes that runs left which were broken off. Not waited for: a node may have gone. */
  async deleteNodePods(): Promise<void> {
    const pods = await this.#list({ apiVersion: 'v1', plural: 'pods' }, operatorNamespace);
    const left = pods.filter(({ metadata }) => metadata.labels?.app === nodePodLabel);
    await Promise.all(left.map((pod) => this.askToDelete(refOf(pod))));
  }

  /**
   * Watches an object until it is so: undefined is one that is not there. What that throws is thrown.
   *
   * @param what Said where it is not so in time.
   */
  async until(
    ref: ObjectRef,
    what: string | (() => string),
    isSo: (object: KubeJson | undefined) => boolean,
  ): Promise<void> {
    if (isSo(await this.get(ref))) return;
    const { apiVersion, kind, plural, name, namespace } = ref;
    const type = { apiVersion, kind, plural, namespaced: namespace !== undefined, schema: anyObject };
    const options = { fieldSelector: `metadata.name=${name}`, logger: createLogger('warn') };
    const informer = new Informer(this.store, type, namespace === undefined ? options : { ...options, namespace });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      try {
        if (isSo(informer.get(name, namespace) as KubeJson | undefined)) resolve();
      } catch (error) {
        reject(error);
      }
    };
    const stop = new AbortController();
    // Asked once more: a watch whose connection has died says nothing for minutes.
    const lastLook = async () => {
      if (isSo(await this.get(ref))) return;
      throw new Error(`not so after ${this.#awaitMs / 1000} s: ${typeof what === 'string' ? what : what()}`);
    };
    const timer = setTimeout(() => void lastLook().then(resolve, reject), this.#awaitMs);
    try {
      informer.onChange(look);
      // It only ends before it is filled when nobody waits any more.
      informer.start(stop.signal).then(look, () => {});
      await promise;
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
  }

  /** What may not be done, of what the migration does. */
  async denied(asks: readonly AccessQuestion[]): Promise<string[]> {
    const answers = await Promise.all(
      asks.map(async (resourceAttributes) => {
        const body = {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes },
        };
        const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
        const review = (await this.store.client.json({ method: 'POST', path, body })) as {
          status: { allowed: boolean };
        };
        return review.status.allowed;
      }),
    );
    return asks.filter((_, index) => !answers[index]).map(({ verb, resource }) => `${verb} ${resource}`);
  }

  async #list(type: { apiVersion: string; plural: string }, namespace?: string): Promise<KubeJson[]> {
    try {
      const path = resourcePath({ ...type, namespaced: namespace !== undefined }, namespace);
      const { items } = (await this.store.client.json({ method: 'GET', path })) as { items: KubeJson[] };
      return items.map((item) => ({
        ...item,
        apiVersion: type.apiVersion,
        kind: item.kind ?? kindOf[type.plural] ?? '',
      }));
    } catch (error) {
      if (error instanceof ApiError && isNotFound(error)) return [];
      throw error;
    }
  }
}

export interface AccessQuestion {
  group: string;
  resource: string;
  verb: string;
  namespace?: string;
}

const isDpuNode = ({ metadata }: KubeJson): boolean => metadata.labels?.[labels.dpuNode] === 'true';

/** The container has the same name in both. */
const isGoOperatorPod = ({ metadata }: KubeJson): boolean =>
  metadata.labels?.['control-plane'] === 'controller-manager';

const isOperatorPod = (pod: KubeJson): boolean =>
  isGoOperatorPod(pod) || pod.metadata.labels?.app === workloads.operator;

const isVspPod = ({ metadata }: KubeJson): boolean => metadata.labels?.app === 'vsp';

const isGoVsp = ({ metadata }: KubeJson): boolean =>
  (metadata.annotations as Record<string, string> | undefined)?.[annotations.specHash] === undefined;

const hasContainer = (pod: KubeJson, name: string): boolean =>
  (pod as PodJson).spec.containers.some((container) => container.name === name);

function podsWith(
  pods: readonly KubeJson[],
  which: (pod: KubeJson) => boolean,
  ofGo: (pod: KubeJson) => boolean,
): PodState[] {
  return pods.filter(which).map((pod) => ({
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    node: (pod as PodJson).spec.nodeName ?? '',
    ofGo: ofGo(pod),
  }));
}

function nodeState({ metadata, status }: KubeJson): NodeState {
  const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
  return {
    name: metadata.name,
    ready: conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True'),
  };
}
