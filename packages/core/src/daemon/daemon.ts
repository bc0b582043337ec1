/** The daemon: what is watched, and what each change sets off. */
import type { Sysfs } from '@dpu-operator/sdk/linux';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import {
  configName,
  type DpuOperatorConfig,
  daemonDirectory,
  dpuOperatorConfig,
  kubeletDevicePlugins,
  resourceName,
  stateDirectory,
  type VendorPlugin,
  vendorPlugin,
  vspDirectory,
} from '../api/index.ts';
import {
  Controller,
  type EventRecorder,
  Informer,
  isBeingDeleted,
  type KubeStore,
  type Node,
  node as nodeType,
} from '../kube/index.ts';
import { PluginCatalog } from '../plugins/catalog.ts';
import type { ChainMembership, DpuDirectory } from './attach/ports.ts';
import type { AttachmentStore } from './attach/store.ts';
import { ChainReconciler } from './chains/chain-reconciler.ts';
import type { DaemonConfig } from './config.ts';
import { Detector } from './detect/detector.ts';
import { DevicePool } from './device-plugin/pool.ts';
import { fleetAttachments } from './dpu/attachments.ts';
import { dpuDirectory } from './dpu/directory.ts';
import { DpuFleet } from './dpu/fleet.ts';
import { NodeLease } from './node/node-lease.ts';
import { NodeState } from './node/node-state.ts';
import { type CniService, NodePodServices } from './node/pod-services.ts';
import { tokens } from './tokens.ts';

/** Serves CNI requests for the DPUs of a directory until closed. */
export type StartCniServer = (dpus: DpuDirectory, chains: ChainMembership) => Promise<CniService>;

/**
 * Detection tells the fleet which DPUs there are; the fleet keeps their objects and managers, and these fill the device
 * pool; the node's label and services follow from the sides that the fleet has. Nothing runs by the clock but the
 * heartbeat to the DPU side and the renewal of the daemon's Lease.
 */
@injectable()
export class Daemon {
  readonly #logger: Logger;
  readonly #node: Informer<Node>;
  readonly #config: Informer<DpuOperatorConfig>;
  readonly #vendorPlugins: Informer<VendorPlugin>;
  readonly #attachments: AttachmentStore;
  readonly #fleet: DpuFleet;
  readonly #detector: Detector;
  readonly #chains: ChainReconciler;
  readonly #services: NodePodServices;
  readonly #nodeController: Controller;
  readonly #lease: NodeLease;
  #signal: AbortSignal | undefined;
  #catalog: PluginCatalog | undefined;

  constructor(
    @inject(tokens.config) config: DaemonConfig,
    @inject(tokens.logger) logger: Logger,
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.events) events: EventRecorder,
    @inject(tokens.sysfs) sysfs: Sysfs,
    @inject(tokens.attachments) attachments: AttachmentStore,
    @inject(tokens.startCniServer) startCniServer: StartCniServer,
  ) {
    const { nodeName } = config;
    const pool = new DevicePool();
    this.#logger = logger;
    this.#attachments = attachments;
    this.#node = new Informer(store, nodeType, { fieldSelector: `metadata.name=${nodeName}`, logger });
    this.#config = new Informer(store, dpuOperatorConfig, { fieldSelector: `metadata.name=${configName}`, logger });
    this.#vendorPlugins = new Informer(store, vendorPlugin, { logger });
    const node = () => this.#node.get(nodeName);

    this.#fleet = new DpuFleet({
      store,
      events,
      nodeName,
      pool,
      attachments: fleetAttachments(() => attachments.list()),
      sysfs,
      stateDirectory,
      vspDirectory,
      onSides: () => this.#sidesChanged(),
      onReady: () => this.#services.retry(),
      onChains: () => this.#chains.reconsider(),
      settleNode: () => nodeState.settle(),
      logger,
    });
    this.#services = new NodePodServices({
      cni: { source: config.cniSource, directory: config.cniBinDirectory },
      startCniServer: () => startCniServer(dpuDirectory(this.#fleet), this.#chains),
      devicePlugin: { directory: kubeletDevicePlugins, resourceName, pool, logger },
      daemonDirectory,
      logger,
    });
    const nodeState = new NodeState({
      store,
      nodeName,
      node,
      hasLooked: () => this.#fleet.hasLooked,
      sides: () => this.#fleet.sides(),
      isUninstalling: () => this.#isUninstalling(),
      services: this.#services,
      logger,
    });
    this.#lease = new NodeLease({
      store,
      namespace: config.namespace,
      nodeName,
      podName: config.podName,
      owner: () => this.#config.get(configName),
      logger,
    });
    this.#nodeController = new Controller({ name: 'node', reconcile: () => nodeState.settle(), logger });
    this.#detector = new Detector({
      catalog: () => {
        this.#catalog ??= new PluginCatalog(this.#vendorPlugins.list());
        return this.#catalog;
      },
      known: () => this.#fleet.known(),
      sysfs,
      nodeName,
      node,
      config: () => this.#config.get(configName),
      onDetected: (dpus) => this.#fleet.setDetected(dpus),
      logger,
    });
    this.#chains = new ChainReconciler({
      store,
      events,
      nodeName,
      nodeLabels: () => node()?.metadata.labels ?? {},
      hasDpuSide: () => this.#fleet.stays('dpu') && !this.#isUninstalling(),
      dataPath: this.#fleet,
      logger,
    });
  }

  /** What is missing until pods can be served; empty when nothing is. */
  notReady(): string[] {
    const caches = [this.#node, this.#config, this.#vendorPlugins];
    if (!caches.every(({ hasSynced }) => hasSynced)) return ['the caches are being filled'];
    return this.#services.started || this.#isUninstalling() ? [] : ['the CNI server does not run'];
  }

  /** Works until `signal` is aborted, then lets go of everything as it is: attachments stay. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#node, this.#config, this.#vendorPlugins].map((informer) => informer.start(signal)));
    await this.#fleet.start(signal);
    void this.#lease.keep(signal);
    this.#attachments.onChange(() => this.#fleet.attachmentsChanged());
    this.#node.onChange(() => this.#lookAgain());
    this.#config.onChange(() => this.#lookAgain());
    this.#vendorPlugins.onChange(() => {
      this.#catalog = undefined;
      void this.#detector.look();
    });
    this.#detector.watchHardware(signal);
    // Also when there is neither node nor configuration, hence no change to be told of.
    this.#lookAgain();
    this.#signal = signal;
    this.#startChains();
    await this.#nodeController.start(signal);
    await this.#services.close();
    this.#fleet.close();
  }

  #lookAgain(): void {
    void this.#detector.look();
    this.#nodeController.enqueue('node');
    this.#chains.reconsider();
  }

  #sidesChanged(): void {
    this.#nodeController.enqueue('node');
    this.#startChains();
    this.#chains.reconsider();
  }

  #isUninstalling(): boolean {
    const config = this.#config.get(configName);
    return !config || isBeingDeleted(config);
  }

  /** Hosts have nothing to do with chains and do not watch them. Before the first look no DPU side counts as gone. */
  #startChains(): void {
    const signal = this.#signal;
    if (!signal || !this.#fleet.hasLooked || !this.#fleet.sides().has('dpu')) return;
    this.#chains.start(signal).catch((error) => {
      if (!signal.aborted) this.#logger.error({ err: error }, 'the chains are not watched');
    });
  }
}
