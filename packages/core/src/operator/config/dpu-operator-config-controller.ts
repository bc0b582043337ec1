import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { type ConditionInput, findCondition } from '../../api/fields/conditions.ts';
import type { Metadata } from '../../api/fields/meta.ts';
import { type DpuOperatorConfig, dpuOperatorConfig } from '../../api/kinds/dpu-operator-config.ts';
import { annotations, fieldManagers, finalizers, labels } from '../../api/names/names.ts';
import {
  type Applied,
  addFinalizer,
  applyConditions,
  Controller,
  controllerName,
  type DaemonSet,
  daemonSet,
  type EventRecorder,
  type Informer,
  isAsApplied,
  isBeingDeleted,
  isNotFound,
  isRefused,
  type KubeObject,
  type KubeStore,
  networkAttachmentDefinition,
  type Requeue,
  type ResourceType,
} from '../../kube/index.ts';
import type { Turns } from '../dpu/rollout/fleet/turns.ts';
import { chainNamespaces, defaultNetworkNamespace, renderNetworks } from '../networks/networks.ts';
import type { Caches } from '../shared/caches.ts';
import { hashOf } from '../shared/canonical-json.ts';
import type { Environment } from '../shared/environment.ts';
import { inTurn } from '../shared/in-turn.ts';
import { gatherMs, writeEveryMsForEach } from '../shared/pace.ts';
import { tokens } from '../shared/tokens.ts';
import { daemonPodHash, renderDaemonSet } from './daemon-set.ts';
import { detectFlavour, type NodeDirectories, nodeDirectories } from './flavour.ts';
import { isReady, readiness } from './readiness.ts';
import { Uninstaller } from './uninstaller.ts';

const apply = { fieldManager: fieldManagers.operator };

/** Makes of the DpuOperatorConfig the daemons and the networks, and takes them away with it. */
@injectable()
export class DpuOperatorConfigController {
  readonly controller: Controller;
  readonly #store: KubeStore;
  readonly #caches: Caches;
  readonly #environment: Environment;
  readonly #events: EventRecorder;
  readonly #uninstaller: Uninstaller;
  readonly #turns: Turns;
  #directories: NodeDirectories | undefined;
  /** Of performance.now(). */
  #countsWrittenAt = Number.NEGATIVE_INFINITY;
  /** What the API server said when it refused something last; nothing while it takes all. */
  #refusal: string | undefined;

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.environment) environment: Environment,
    @inject(tokens.events) events: EventRecorder,
    @inject(tokens.logger) logger: Logger,
    @inject(Uninstaller) uninstaller: Uninstaller,
    @inject(tokens.turns) turns: Turns,
  ) {
    this.#store = store;
    this.#caches = caches;
    this.#environment = environment;
    this.#events = events;
    this.#uninstaller = uninstaller;
    this.#turns = turns;
    this.controller = new Controller({ name: 'dpu-operator-config', logger, reconcile: (key) => this.reconcile(key) });
    const all = () => {
      for (const { metadata } of caches.configs.list()) this.controller.enqueue(metadata.name);
    };
    caches.configs.onChange(({ metadata }) => this.controller.enqueue(metadata.name));
    caches.onMultus(all);
    const sideOf = (node?: { metadata: Metadata }) => node?.metadata.labels?.[labels.nodeSide];
    caches.nodes.onChange((node, previous, kind) => {
      // An uninstallation waits until the daemons have taken their labels off.
      if (kind === 'deleted' || sideOf(node) !== sideOf(previous)) all();
    });
    caches.namespaces.onChange(({ metadata }) => {
      if (caches.configs.list().some(({ spec }) => spec.chainNamespaces?.includes(metadata.name))) all();
    });
    // What was made is put back when somebody changes it, and what it becomes is what the conditions tell.
    for (const informer of [caches.daemonSets, ...caches.networks]) informer.onChange(all);
    const soon = () => {
      for (const { metadata } of caches.configs.list()) this.controller.enqueueAfter(metadata.name, gatherMs);
    };
    caches.dpus.onChange((dpu, previous, kind) => {
      const isSame = kind === 'updated' && isReady(dpu) === (previous && isReady(previous));
      if (!isSame || this.#isUninstalling) soon();
    });
    caches.vspPods.onChange((_pod, _, kind) => {
      if (kind === 'deleted' && this.#isUninstalling) soon();
    });
  }

  get #isUninstalling(): boolean {
    return this.#caches.configs.list().some(isBeingDeleted);
  }

  async reconcile(key: string): Promise<Requeue | undefined> {
    const config = this.#caches.configs.getByKey(key);
    if (!config) return undefined;
    if (isBeingDeleted(config)) {
      const waitingFor = await this.#uninstaller.step(config);
      if (waitingFor) await this.#report(config, { status: 'False', reason: 'Uninstalling', message: waitingFor });
      return undefined;
    }
    const current = await addFinalizer(this.#store, dpuOperatorConfig, config, finalizers.operator);
    const condition = await this.#deploy(current);
    const waitMs = this.#waitMs(current, condition);
    if (waitMs > 0) return { requeueAfterMs: waitMs };
    if (condition.message !== messageOf(current)) this.#countsWrittenAt = performance.now();
    await this.#report(current, condition);
    return undefined;
  }

  /** Milliseconds until a condition is to be written that says other numbers than before, and nothing else. */
  #waitMs({ metadata, status }: DpuOperatorConfig, { reason, message }: Omit<ConditionInput, 'type'>): number {
    const said = findCondition(status?.conditions, 'Ready');
    const isOtherCount = said?.reason === reason && withoutNumbers(said.message) === withoutNumbers(message);
    if (!isOtherCount || said.message === message || said.observedGeneration !== metadata.generation) return 0;
    return this.#countsWrittenAt + this.#caches.dpus.size * writeEveryMsForEach - performance.now();
  }

  async #deploy(config: DpuOperatorConfig): Promise<Omit<ConditionInput, 'type'>> {
    try {
      const daemons = await this.#applyDaemonSet(config);
      const multus = await this.#applyNetworks(config);
      this.#refusal = undefined;
      if (!multus) return multusMissing;
      return readiness({
        daemons,
        dpus: this.#caches.dpus.list(),
        namespace: this.#environment.namespace,
        missingNamespaces: this.#chainNamespaces(config).missing,
        sysfs: this.#environment.sysfs,
      });
    } catch (error) {
      // The queue goes on trying.
      if (isRefused(error)) {
        // Admission knows a namespace that was just allowed a moment later than this: what is forbidden twice is told.
        const isPassing = error.code === 403 && error.message !== this.#refusal;
        this.#refusal = error.message;
        if (!isPassing) await this.#report(config, { status: 'False', reason: 'Refused', message: error.message });
      }
      throw error;
    }
  }

  async #applyDaemonSet(config: DpuOperatorConfig): Promise<DaemonSet> {
    this.#directories ??= nodeDirectories(await detectFlavour(this.#store), this.#environment.cniBinDirectory);
    const wanted = renderDaemonSet(config, this.#environment, this.#directories);
    const applied = await this.#applyOnDrift(daemonSet, wanted, this.#caches.daemonSets);
    this.#turns.daemonsAre(daemonPodHash(config, this.#environment, this.#directories));
    return applied;
  }

  /** Applies what is not as it would be made now. @returns the object */
  async #applyOnDrift<T extends KubeObject>(
    type: ResourceType<T>,
    { metadata, ...rest }: Applied,
    ...caches: readonly Informer<T>[]
  ): Promise<T> {
    // By its hash what an earlier operator made is known too: fields of it that are made no more are to go.
    const hash = { [annotations.specHash]: hashOf({ metadata, ...rest }) };
    const annotated = { ...(metadata.annotations as object | undefined), ...hash };
    const wanted: Applied = { ...rest, metadata: { ...metadata, annotations: annotated } };
    const found = caches.flatMap((cache) => cache.get(metadata.name, metadata.namespace) ?? [])[0];
    return found && isAsApplied(found, wanted) ? found : await this.#store.apply(type, wanted, apply);
  }

  /** @returns false when the cluster has no Multus. */
  async #applyNetworks(config: DpuOperatorConfig): Promise<boolean> {
    if (!this.#caches.multusInstalled) return false;
    try {
      const { served } = this.#chainNamespaces(config);
      await inTurn(renderNetworks(config, served), (network) =>
        this.#applyOnDrift(networkAttachmentDefinition, network, ...this.#caches.networks),
      );
      await this.#deleteNetworksExcept([...served, defaultNetworkNamespace]);
      return true;
    } catch (error) {
      // The kind may have gone since; a namespace that is missing is another matter.
      if (isNotFound(error) && !this.#caches.multusInstalled) return false;
      throw error;
    }
  }

  /** Those that this operator has made for namespaces whose chains are served no more. */
  async #deleteNetworksExcept(namespaces: readonly string[]): Promise<void> {
    const own = this.#caches.networks.flatMap((informer) => informer.list());
    for (const { metadata, ...network } of own) {
      const { name, namespace = '', uid } = metadata;
      if (namespaces.includes(namespace) || !controllerName({ metadata, ...network }, dpuOperatorConfig.kind)) continue;
      await this.#store.delete(networkAttachmentDefinition, name, namespace, { uid });
    }
  }

  #chainNamespaces(config: DpuOperatorConfig) {
    return chainNamespaces(config, this.#environment.namespace, (name) => {
      const found = this.#caches.namespaces.get(name);
      return found !== undefined && !isBeingDeleted(found);
    });
  }

  async #report(config: DpuOperatorConfig, condition: Omit<ConditionInput, 'type'>): Promise<void> {
    const changed = await applyConditions(this.#store, dpuOperatorConfig, config, [{ type: 'Ready', ...condition }], {
      fieldManager: fieldManagers.operator,
    });
    for (const { status, reason, message } of changed) {
      const ordinary = status === 'True' || ['RollingOut', 'Uninstalling'].includes(reason);
      await this.#events.event(config, { type: ordinary ? 'Normal' : 'Warning', reason, message });
    }
  }
}

const messageOf = ({ status }: DpuOperatorConfig) => findCondition(status?.conditions, 'Ready')?.message;

const withoutNumbers = (message: string): string => message.replace(/\d+/g, '');

const multusMissing = {
  status: 'False',
  reason: 'MultusMissing',
  message:
    'the cluster does not know NetworkAttachmentDefinitions: install Multus (https://github.com/k8snetworkplumbingwg/multus-cni); the operator goes on by itself',
} as const;
