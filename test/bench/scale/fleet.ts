/** Nodes with DPUs, their daemons and kubelets, in this process: as far as the operator can tell they are there. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  annotations,
  apiVersion,
  type Condition,
  type DataProcessingUnit,
  type DpuStatus,
  daemonLeaseName,
  dataProcessingUnit,
  dataProcessingUnitConfig,
  dpuOperatorConfig,
  drainName,
  fieldManagers,
  labels,
  type ServiceFunctionChain,
  serviceFunctionChain,
  vspPodName,
  workloads,
} from '@dpu-operator/core/api';
import {
  type Applied,
  controllerName,
  type DaemonSet,
  daemonSet,
  Informer,
  isAlreadyThere,
  type KubeStore,
  lease,
  microTime,
  node as nodeType,
  type Pod,
  pod as podType,
} from '@dpu-operator/core/kube';
import { renderVspPod } from '@dpu-operator/core/operator/dpu/pod/vsp-pod';
import type { Environment } from '@dpu-operator/core/operator/shared/environment';
import softwareDpu from '@dpu-operator/vsp-mock/package.json' with { type: 'json' };
import { pino } from 'pino';
import { namespace } from './control-plane.ts';
import { type Copy, Template } from './copies.ts';
import {
  chainObject,
  channelStatus,
  condition,
  configObject,
  crashingStatus,
  daemonPod,
  daemonPodName,
  dpuName,
  dpuObject,
  dpuOf,
  indexOf,
  leaseObject,
  nodeName,
  nodeObject,
  operatorConfig,
  ownConfig,
  runningStatus,
  suffixOf,
} from './objects.ts';
import { Outages } from './outages.ts';

/** Of a DPU with a config of its own. */
const ownNumVfs = 4;
/** Requests of the fleet at a time. */
const atOnce = 24;

export interface FleetSize {
  dpus: number;
  /** Of these: how many the operator brings up itself. The rest is put there as it left them, see {@link Fleet.settle}. */
  first: number;
  chains: number;
  configs: number;
  /** What has detected them. Default: the software DPU's plugin. */
  plugin?: string;
  /** How VSPs behave. Default: each works as soon as it is there. */
  vsps?: VspBehaviour;
}

export interface VspBehaviour {
  /** Milliseconds from a pod's creation until the daemon says that its DPU is Ready. */
  startMs: number;
  /** What becomes of a VSP of that image; one that fails runs, and its DPU does not become Ready. */
  outcomeOf(image: string): 'works' | 'fails' | 'crashes';
}

const workingAtOnce: VspBehaviour = { startMs: 0, outcomeOf: () => 'works' };

/** What a daemon says in the status of its DPU. */
interface Said {
  conditions: Condition[];
  channel: { identity: string; peers: string[] };
  vsp: { initialisedAt: string; package: string; version: string };
  chains: { name: string; phase: 'Ordered'; generation: number }[];
  drain?: { of: string; pods: string[]; cleared: true } | undefined;
}

export class Fleet {
  readonly #store: KubeStore;
  readonly #size: FleetSize;
  readonly #dpus: Informer<DataProcessingUnit>;
  readonly #chains: Informer<ServiceFunctionChain>;
  readonly #vspPods: Informer<Pod>;
  readonly #chainPods: Informer<Pod>;
  readonly #daemonSets: Informer<DaemonSet>;
  readonly #logger = pino({ level: 'warn' });
  /** The DPUs that are not Ready since their VSP has gone. */
  readonly outages = new Outages();
  /** By DPU. */
  readonly #said = new Map<string, Said>();
  /** Uids of VSP pods that run. */
  readonly #running = new Set<string>();
  #daemonHash = '';
  /** How many DPUs there are by now. */
  #count = 0;
  readonly #work: (() => Promise<unknown>)[] = [];
  #workers = 0;

  constructor(store: KubeStore, size: FleetSize) {
    this.#store = store;
    this.#size = size;
    const logger = this.#logger;
    this.#dpus = new Informer(store, dataProcessingUnit, { logger });
    this.#chains = new Informer(store, serviceFunctionChain, { logger });
    this.#vspPods = new Informer(store, podType, { logger, namespace, labelSelector: labels.dpuName });
    this.#chainPods = new Informer(store, podType, { logger, namespace, labelSelector: labels.chain });
    this.#daemonSets = new Informer(store, daemonSet, { logger, namespace });
  }

  /** Makes the first DPUs and all configs, and behaves like nodes and daemons from then on. */
  async create(signal: AbortSignal): Promise<void> {
    const { dpus, first } = this.#size;
    await this.#store.create(dpuOperatorConfig, operatorConfig);
    await each(first, async (index) => {
      await this.#createNode(index);
      await this.#store.create(dataProcessingUnit, dpuObject(index, this.#plugin));
    });
    await each(dpus, async (index) => {
      if (!this.#hasConfig(index)) return;
      await this.#store.create(dataProcessingUnitConfig, configObject(ownConfig(index), ownNumVfs, nodeName(index)));
    });
    this.#count = first;
    const informers = [this.#dpus, this.#chains, this.#vspPods, this.#chainPods, this.#daemonSets];
    await Promise.all(informers.map((informer) => informer.start(signal)));
    this.#dpus.onChange((dpu) => this.#countVfs(dpu));
    this.#dpus.onChange((dpu) => this.#clear(dpu));
    this.#chains.onChange((chain) => this.#wire(chain));
    this.#vspPods.onChange((pod, _, kind) => (kind === 'deleted' ? this.#endVsp(pod) : this.#runVsp(pod)));
    this.#chainPods.onChange((pod, _, kind) => kind !== 'deleted' && this.#do(() => this.#runPod(pod)));
    this.#daemonSets.onChange((_set, _, kind) => kind !== 'deleted' && this.#do(() => this.#runDaemons()));
  }

  /**
   * Makes the rest of the fleet as the operator has left the first pairs, one whose DPUs have configs of their own and one
   * without: spec, status and VSP pod. It must not run meanwhile; where this were not what it makes itself, it would write when
   * it starts.
   *
   * @param etcd its address for clients
   */
  async settle(environment: Environment, etcd: string): Promise<void> {
    const { dpus, first } = this.#size;
    if (first < 4 || first % 2 > 0 || dpus % 2 > 0)
      throw new Error('a fleet is settled in pairs, as two that are there');
    const templates = await Promise.all([0, 2].map((host) => this.#templateOf(host, etcd)));
    await each((dpus - first) / 2, async (pair) => {
      const host = first + 2 * pair;
      const like = this.#hasConfig(host) ? 0 : 2;
      const template = templates[like / 2];
      if (!template) throw new Error('there is no template');
      const copy = template.copy({ [suffixOf(like)]: suffixOf(host), [suffixOf(like + 1)]: suffixOf(host + 1) });
      for (const index of [like, like + 1]) this.#settleDpu(dpuName(index), copy, environment);
      await copy.put();
    });
    this.#count = dpus;
    await this.#tellDaemonSet();
    while (!this.isDone() || this.#dpus.size < dpus || this.#vspPods.size < dpus) await sleep(500);
  }

  async #templateOf(host: number, etcd: string): Promise<Template> {
    const keysOf = (index: number) => [
      `/registry/minions/${nodeName(index)}`,
      `/registry/leases/${namespace}/${daemonLeaseName(nodeName(index))}`,
      `/registry/config.openshift.io/dataprocessingunits/${dpuName(index)}`,
      `/registry/pods/${namespace}/${vspPodName(dpuName(index))}`,
      `/registry/pods/${namespace}/${daemonPodName(index)}`,
    ];
    return await Template.read(etcd, [...keysOf(host), ...keysOf(host + 1)]);
  }

  /** What the simulated daemon knows of a copy, and the pod's hash, which is of its name, too. */
  #settleDpu(like: string, copy: Copy, environment: Environment): void {
    const dpu = this.#dpus.get(like);
    const pod = this.#vspPods.get(vspPodName(like), namespace);
    const said = this.#said.get(like);
    if (!dpu || !pod || !said) throw new Error(`${like} is not there to be copied`);
    const copied = copy.of(dpu);
    if (!copied.status?.plugin) throw new Error(`${like} runs nothing`);
    const rendered = renderVspPod(copied, copied.status.plugin, environment);
    copy.replace(hashOf(pod.metadata), hashOf(rendered.metadata));
    this.#said.set(copied.metadata.name, copy.of(said));
    this.#running.add(copy.of(pod.metadata.uid ?? ''));
  }

  get #plugin(): string {
    return this.#size.plugin ?? softwareDpu.name;
  }

  /** Pairs of one side each, all over the fleet. */
  #hasConfig(index: number): boolean {
    const { dpus, configs } = this.#size;
    return configs > 0 && Math.floor(index / 2) % Math.floor(dpus / configs) === 0;
  }

  /** They go to nodes whose daemon the operator has heard twice. */
  async createChains(): Promise<void> {
    await each(this.#size.chains, (index) => this.#store.create(serviceFunctionChain, chainObject(index)));
    await this.renewLeases();
  }

  async #createNode(index: number): Promise<void> {
    await this.#store.create(nodeType, nodeObject(index));
    await this.#store.create(lease, leaseObject(index));
  }

  /** Whether every DPU runs its plugin, every chain is wired, and nothing is under way. */
  readonly isDone = (): boolean => {
    if (this.#work.length + this.#workers > 0) return false;
    const dpus = this.#dpus.list().every(({ status }) => status?.plugin !== undefined && !status.rollout);
    const chains = this.#chains.list().every(({ status }) => status?.conditions?.[0]?.status === 'True');
    return dpus && chains;
  };

  get statuses(): DpuStatus[] {
    return this.#dpus.list().flatMap(({ status }) => status ?? []);
  }

  /** How many DPUs are to have that number of virtual functions. */
  withNumVfs(numVfs: number): number {
    return this.#dpus.list().filter(({ spec }) => spec.numVfs === numVfs).length;
  }

  /** The DPUs with a config of their own. */
  get configured(): number[] {
    return Array.from({ length: this.#size.dpus }, (_, index) => index).filter((index) => this.#hasConfig(index));
  }

  /** Changes the config of one DPU. @returns milliseconds until that DPU is told */
  async changeOne(index: number, numVfs: number): Promise<number> {
    const start = performance.now();
    const told = Promise.withResolvers<void>();
    const stop = this.#dpus.onChange(({ metadata, spec }) => {
      if (metadata.name === dpuName(index) && spec.numVfs === numVfs) told.resolve();
    });
    await this.#store.patch(dataProcessingUnitConfig, ownConfig(index), namespace, { spec: { numVfs } });
    await told.promise;
    stop();
    return performance.now() - start;
  }

  /** A config for all DPUs that have none of their own. */
  async changeAll(numVfs: number): Promise<void> {
    await this.#store.apply(dataProcessingUnitConfig, configObject('all', numVfs), { fieldManager: 'bench' });
  }

  /** So many daemons say something new, in other words for the same. */
  async tell(count: number): Promise<void> {
    const names = [...this.#said.keys()];
    await each(count, async (index) => {
      const name = names[index % names.length] ?? '';
      const said = this.#said.get(name);
      if (!said) return;
      said.conditions = said.conditions.map((one) => ({ ...one, message: `${one.reason} ${index}` }));
      await this.#say(name);
    });
  }

  /** Every daemon renews its Lease once, as each does every 10 s. */
  async renewLeases(): Promise<void> {
    await each(this.#count, (index) => {
      const spec = { renewTime: microTime(new Date()) };
      return this.#store.patch(lease, daemonLeaseName(nodeName(index)), namespace, { spec });
    });
  }

  /** Every kubelet reports its node once, as each does every 5 minutes. */
  async reportNodes(): Promise<void> {
    await each(this.#count, (index) => {
      const condition = { type: 'Ready', status: 'True', lastHeartbeatTime: new Date().toISOString() };
      const patch = { status: { conditions: [condition] } };
      return this.#store.patch(nodeType, nodeName(index), undefined, patch, 'status');
    });
  }

  /** @returns whether the daemon has something to say of them */
  #countVfs({ metadata, spec }: DataProcessingUnit): boolean {
    const { name, generation = 0 } = metadata;
    const said = this.#said.get(name);
    if (!said || spec.numVfs === undefined) return false;
    const known = said.conditions.find(({ type }) => type === 'VfCount');
    if (known?.observedGeneration === generation) return false;
    const vfCount = { ...condition('VfCount', 'True', 'Applied'), observedGeneration: generation };
    said.conditions = [...said.conditions.filter((one) => one !== known), vfCount];
    this.#do(() => this.#say(name));
    return true;
  }

  /** On the way back, what a VSP made that failed. */
  #clear({ metadata: { name }, status }: DataProcessingUnit): void {
    const rollout = status?.rollout;
    const said = this.#said.get(name);
    const isBack = rollout?.phase === 'RollingBack' && rollout.clear;
    const of = isBack ? drainName(rollout) : undefined;
    if (!said || said.drain?.of === of) return;
    said.drain = of === undefined ? undefined : { of, pods: [], cleared: true };
    this.#do(() => this.#say(name));
  }

  #runVsp(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    const dpu = controllerName(pod, dataProcessingUnit.kind);
    if (dpu === undefined || this.#running.has(uid)) return;
    this.#running.add(uid);
    this.#do(() => (isVsp(pod) ? this.#startVsp(pod, dpu) : this.#runPod(pod)));
  }

  async #startVsp(pod: Pod, dpu: string): Promise<void> {
    const { startMs, outcomeOf } = this.#size.vsps ?? workingAtOnce;
    if (startMs > 0) await sleep(startMs);
    const outcome = outcomeOf(pod.spec.containers[0]?.image ?? '');
    if (outcome === 'crashes') {
      await this.#store.patch(podType, pod.metadata.name, namespace, { status: crashingStatus() }, 'status');
      return;
    }
    await this.#runPod(pod);
    const { conditions = [], chains = [], drain } = this.#said.get(dpu) ?? {};
    const works = outcome === 'works';
    const ready = works ? condition('Ready', 'True', 'Ready') : condition('Ready', 'False', 'InitFailed');
    const { name, version } = softwareDpu;
    const vsp = { initialisedAt: new Date().toISOString(), package: name, version };
    const others = conditions.filter(({ type }) => type !== ready.type);
    this.#said.set(dpu, { conditions: [ready, ...others], chains, vsp, channel: channelStatus(indexOf(dpu)), drain });
    if (works) this.outages.end(dpu);
    const object = this.#dpus.get(dpu);
    if (!object || !this.#countVfs(object)) await this.#say(dpu);
  }

  #endVsp(pod: Pod): void {
    const dpu = controllerName(pod, dataProcessingUnit.kind);
    const said = dpu === undefined ? undefined : this.#said.get(dpu);
    if (dpu === undefined || !said || !isVsp(pod)) return;
    this.outages.begin(dpu);
    said.conditions = said.conditions.map((one) =>
      one.type === 'Ready' ? condition('Ready', 'False', 'VspAway') : one,
    );
    this.#do(() => this.#say(dpu));
  }

  async #runPod({ metadata, spec, status }: Pod): Promise<void> {
    if (status?.phase === 'Running') return;
    const patch = { status: runningStatus(spec.containers) };
    await this.#store.patch(podType, metadata.name, metadata.namespace, patch, 'status');
  }

  #wire({ metadata, status, spec }: ServiceFunctionChain): void {
    if (status?.node === undefined || status.functions?.length !== spec.networkFunctions.length) return;
    const dpu = dpuOf(status.node);
    const said = this.#said.get(dpu);
    const name = `${metadata.namespace}/${metadata.name}`;
    if (!said || said.chains.some((one) => one.name === name)) return;
    said.chains.push({ name, phase: 'Ordered', generation: metadata.generation ?? 1 });
    this.#do(() => this.#say(dpu));
  }

  /** As the DaemonSet's controller and the kubelets do: a pod on each node, of the present template. */
  async #runDaemons(): Promise<void> {
    const { spec } = await this.#daemonSet();
    const hash = spec.template.metadata.annotations[annotations.specHash] ?? '';
    if (hash === this.#daemonHash) return;
    this.#daemonHash = hash;
    await each(this.#count, (index) => this.#runDaemon(index));
    await this.#tellDaemonSet();
  }

  async #runDaemon(index: number): Promise<void> {
    const pod = daemonPod(index, this.#daemonHash);
    await this.#store.create(podType, pod).catch((error) => {
      if (!isAlreadyThere(error)) throw error;
    });
    const patch = { metadata: pod.metadata, status: runningStatus([{ name: 'daemon', image: 'daemon' }]) };
    await this.#store.patch(podType, pod.metadata.name, namespace, patch, 'status');
  }

  async #tellDaemonSet(): Promise<void> {
    const { metadata } = await this.#daemonSet();
    const count = this.#count;
    const status = {
      observedGeneration: metadata.generation,
      desiredNumberScheduled: count,
      currentNumberScheduled: count,
      updatedNumberScheduled: count,
      numberReady: count,
      numberAvailable: count,
      numberMisscheduled: 0,
    };
    await this.#store.patch(daemonSet, workloads.daemon, namespace, { status }, 'status');
  }

  async #daemonSet(): Promise<DaemonSetTemplate> {
    const path = `/apis/apps/v1/namespaces/${namespace}/daemonsets/${workloads.daemon}`;
    return (await this.#store.client.json({ method: 'GET', path })) as DaemonSetTemplate;
  }

  async #say(name: string): Promise<void> {
    const status = { ...this.#said.get(name) };
    const body: Applied = { apiVersion, kind: dataProcessingUnit.kind, metadata: { name }, status };
    await this.#store.applyStatus(dataProcessingUnit, body, { fieldManager: fieldManagers.daemon });
  }

  #do(work: () => Promise<unknown>): void {
    this.#work.push(work);
    if (this.#workers >= atOnce) return;
    this.#workers += 1;
    void this.#labour();
  }

  async #labour(): Promise<void> {
    for (let work = this.#work.shift(); work; work = this.#work.shift()) {
      await work().catch((error) => this.#logger.warn({ err: error }, 'the simulated fleet failed'));
    }
    this.#workers -= 1;
  }
}

interface DaemonSetTemplate {
  metadata: { generation: number };
  spec: { template: { metadata: { annotations: Record<string, string> } } };
}

/** Others of its DPU bring a plugin to the node. */
function isVsp({ metadata }: Pod): boolean {
  return metadata.labels?.app === 'vsp';
}

function hashOf(metadata: Applied['metadata'] | Pod['metadata']): string {
  const { [annotations.specHash]: hash = '' } = (metadata.annotations ?? {}) as Record<string, string>;
  return hash;
}

async function each(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const labour = async () => {
    while (next < count) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, labour));
}
