/**
 * The daemon, put together: its parts, and which event of one sets off which work of another. Pods are served by
 * {@link NodePodServices}, which {@link NodeState} starts and stops as the cluster and the DPUs that are here say.
 */
import { type Sysfs, watchPci } from '@dpu-operator/sdk/linux';
import { inject, injectable } from 'tsyringe';
import { Controller, type EventRecorder, type KubeStore } from '../kube/index.ts';
import type { ProcessLog } from '../log.ts';
import type { ChainMembership, DeviceAllocations, DpuIndex } from './attach/collaborators.ts';
import { PciFunctions } from './attach/device/pci-functions.ts';
import type { AttachmentStore } from './attach/record/store.ts';
import { NodeChains } from './chains/node-chains.ts';
import type { DaemonConfig, NodeDirectories } from './config.ts';
import { Detector } from './detect/detector.ts';
import { attachmentsView } from './dpu/attachments.ts';
import { dpuIndex } from './dpu/dpu-index.ts';
import { ManagedDpus } from './dpu/managed-dpus.ts';
import { NodeDpus } from './dpu/node-dpus.ts';
import { orderVspRestart } from './dpu/vsp/vsp-restart.ts';
import { DeviceInfoFiles } from './kubelet/device-info.ts';
import { findPluginDirectory } from './kubelet/device-plugin.ts';
import { DevicePool } from './kubelet/pool.ts';
import { LinkWatch } from './link-watch.ts';
import { vspMetrics } from './metrics/vsp-metrics.ts';
import { NodeLease } from './node/node-lease.ts';
import { NodeState } from './node/node-state.ts';
import { ObservedCluster } from './node/observed-cluster.ts';
import { type CniService, NodePodServices } from './node/pod-services.ts';
import { UnreadableRecordsReport } from './node/unreadable-records.ts';
import { tokens } from './tokens.ts';
import { nodeTrust } from './trust/node-trust.ts';
import { ObservedTrust } from './trust/observed-trust.ts';

/** Serves CNI requests for the DPUs of an index until closed. */
export type StartCniServer = (
  dpus: DpuIndex,
  chains: ChainMembership,
  links: Pick<LinkWatch, 'listen'>,
) => Promise<CniService>;

/**
 * The cluster says what is wanted of the node, detection which DPUs there are; {@link NodeDpus} keeps their objects and
 * managers, and these fill the device pool; the node's label and services follow from the sides that there are. What runs
 * by the clock while all is well: heartbeats and the renewal of the daemon's Lease.
 */
@injectable()
export class Daemon {
  readonly #log: ProcessLog;
  readonly #attachments: AttachmentStore;
  readonly #cluster: ObservedCluster;
  readonly #trust: ObservedTrust;
  readonly #dpus: ManagedDpus;
  readonly #nodeDpus: NodeDpus;
  readonly #detector: Detector;
  readonly #chains: NodeChains;
  readonly #services: NodePodServices;
  readonly #nodeState: NodeState;
  readonly #nodeController: Controller;
  readonly #lease: NodeLease;
  readonly #unreadable: UnreadableRecordsReport;

  constructor(
    @inject(tokens.config) config: DaemonConfig,
    @inject(tokens.directories) directories: NodeDirectories,
    @inject(tokens.log) log: ProcessLog,
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.events) events: EventRecorder,
    @inject(tokens.sysfs) sysfs: Sysfs,
    @inject(tokens.attachments) attachments: AttachmentStore,
    @inject(tokens.allocations) allocations: DeviceAllocations,
    @inject(tokens.startCniServer) startCniServer: StartCniServer,
  ) {
    const { nodeName } = config;
    const { logger } = log;
    const pci = new PciFunctions(config.sysfs);
    const links = new LinkWatch();
    const pool = new DevicePool((deviceId) => pci.numaNodeOf(deviceId));
    const deviceInfo = new DeviceInfoFiles({ directory: directories.deviceInfo, pci });
    const attached = attachmentsView(attachments);
    this.#log = log;
    this.#attachments = attachments;
    this.#cluster = new ObservedCluster({ store, nodeName, logger });
    this.#trust = new ObservedTrust({
      store,
      namespace: config.namespace,
      directory: `${directories.state}/trust`,
      logger,
    });
    this.#dpus = new ManagedDpus({
      nodeName,
      pool,
      attachments: attached,
      sysfs,
      allocations,
      stateDirectory: directories.state,
      vspDirectory: directories.vsp,
      trust: nodeTrust(this.#trust, { store, logger }),
      restartVsp: (dpuName) => orderVspRestart(store, dpuName),
      logger,
    });
    this.#nodeDpus = new NodeDpus({
      store,
      events,
      nodeName,
      dpus: this.#dpus,
      attachments: attached,
      logger,
    });
    this.#unreadable = new UnreadableRecordsReport({
      list: () => [...attached.unreadable(), ...this.#dpus.allUnreadable()],
      events,
      nodeName,
    });
    this.#lease = new NodeLease({
      store,
      namespace: config.namespace,
      nodeName,
      podName: config.podName,
      owner: () => this.#cluster.config,
      logger,
    });
    this.#detector = new Detector({
      orders: this.#cluster,
      sysfs,
      nodeName,
      dpus: this.#nodeDpus,
      onFindings: (findings) => this.#nodeDpus.setFindings(findings),
      links,
      watchPci,
      logger,
    });
    this.#chains = new NodeChains({
      store,
      nodeName,
      orders: this.#dpus,
      logger,
    });
    this.#services = new NodePodServices({
      cni: { source: config.cniSource, directory: config.cniBinDirectory },
      startCniServer: () => startCniServer(dpuIndex(this.#dpus, this.#nodeDpus), this.#chains, links),
      devicePlugins: {
        directory: findPluginDirectory(directories.devicePlugins),
        pool,
        pci,
        deviceInfo,
        askVendor: async (dpuName, ids) => this.#dpus.manager(dpuName)?.vsp.allocateDevices(ids),
        logger,
      },
      deviceInfo,
      trust: this.#trust,
      daemonDirectory: directories.daemon,
      logger,
    });
    this.#nodeState = new NodeState({
      store,
      nodeName,
      cluster: this.#cluster,
      nodeDpus: this.#nodeDpus,
      services: this.#services,
      attachments,
      events,
      logger,
    });
    this.#nodeController = new Controller({ name: 'node', reconcile: () => this.#nodeState.reconcile(), logger });
  }

  /** What is missing until pods can be served; empty when nothing is. */
  notReady(): string[] {
    if (!this.#cluster.hasSynced) return ['the caches are being filled'];
    const { order } = this.#cluster;
    if (this.#services.started || order.is === 'leave') return [];
    if (order.is === 'wait') return [order.reason];
    if (!this.#nodeDpus.hasLooked) return ['DPUs have not been looked for yet'];
    return this.#nodeDpus.sides().size > 0 ? ['the CNI server does not run'] : [];
  }

  /** Metrics of the VSPs of this node, as text. Never rejects. */
  vspMetrics(): Promise<string> {
    return vspMetrics(this.#dpus.metricsSources());
  }

  /** Works until `signal` is aborted, then lets go of everything as it is: attachments stay. */
  async run(signal: AbortSignal): Promise<void> {
    this.#attachments.onChange(() => this.#attachmentsChanged());
    this.#attachments.keepOnDisk(signal);
    this.#dpus.on('unreadable', () => this.#unreadable.update());
    this.#nodeDpus.on('needsLook', () => void this.#detector.lookAnew());
    this.#nodeDpus.on('ready', () => this.#services.retry());
    this.#nodeDpus.on('sides', () => this.#sidesChanged(signal));
    try {
      // What an earlier daemon served is served before the API server answers: pods can be deleted meanwhile.
      this.#dpus.openRecorded();
      this.#unreadable.update();
      this.#nodeController.enqueue('node');
      const ended = this.#nodeController.start(signal);
      await this.#cluster.start(signal);
      void this.#lease.keep(signal);
      void this.#watchTrust(signal);
      await this.#nodeDpus.start(signal, this.#nodeState);
      // Not before the objects of this node's DPUs are known: what is known would be taken for all that there is.
      this.#cluster.on('change', () => this.#clusterChanged());
      this.#detector.watchHardware(signal);
      // Also when there is neither node nor configuration, hence no change to be told of.
      this.#clusterChanged();
      await ended;
    } finally {
      await this.#services.close();
      this.#dpus.close();
      this.#trust.close();
    }
  }

  /** Nothing waits for it: what an earlier daemon was told of trust is on disk. */
  async #watchTrust(signal: AbortSignal): Promise<void> {
    try {
      await this.#trust.start(signal);
    } catch (error) {
      if (!signal.aborted) this.#log.logger.error({ err: error }, 'trust is not watched');
    }
  }

  #attachmentsChanged(): void {
    this.#nodeDpus.attachmentsChanged();
    this.#unreadable.update();
    // Without a DPU it is they that keep the services on the node.
    if (this.#nodeDpus.sides().size === 0) this.#nodeController.enqueue('node');
  }

  #clusterChanged(): void {
    const { config } = this.#cluster;
    if (config.is !== 'unknown') this.#log.setLogLevel(config.is === 'there' ? config.value.spec.logLevel : 0);
    void this.#detector.look();
    this.#nodeController.enqueue('node');
  }

  #sidesChanged(signal: AbortSignal): void {
    this.#nodeController.enqueue('node');
    this.#startChains(signal);
  }

  /** Hosts have nothing to do with chains and do not watch them. Before the first look no DPU side counts as gone. */
  #startChains(signal: AbortSignal): void {
    if (!this.#nodeDpus.hasLooked || !this.#nodeDpus.sides().has('dpu')) return;
    this.#chains.start(signal).catch((error) => {
      if (!signal.aborted) this.#log.logger.error({ err: error }, 'the chains are not watched');
    });
  }
}
