import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { isConditionTrue } from '../../api/fields/conditions.ts';
import { type DataProcessingUnit, dataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import {
  type DataProcessingUnitConfig,
  dataProcessingUnitConfig,
} from '../../api/kinds/data-processing-unit-config.ts';
import { dpuNetwork } from '../../api/kinds/dpu-network.ts';
import { dpuOperatorConfig } from '../../api/kinds/dpu-operator-config.ts';
import { serviceFunctionChain } from '../../api/kinds/service-function-chain.ts';
import { vendorPlugin } from '../../api/kinds/vendor-plugin.ts';
import { daemonLeaseLabels, daemonLeaseName } from '../../api/names/daemon-lease.ts';
import { configName, labels, networkNames, trustNames, workloads } from '../../api/names/names.ts';
import {
  certificateSigningRequest,
  configMapMetadata,
  customResourceDefinition,
  daemonSet,
  Informer,
  type KubeObject,
  type KubeStore,
  lease,
  namespaceMetadata,
  networkAttachmentDefinition,
  nodeMetadata,
  pod,
  podReadiness,
  type ResourceType,
} from '../../kube/index.ts';
import { PluginCatalog } from '../../plugins/catalog.ts';
import type { ImageMirror } from '../../plugins/image/mirror.ts';
import { defaultNetworkNamespace } from '../networks/networks.ts';
import type { Environment } from './environment.ts';
import { NodeAddresses } from './node-addresses.ts';
import { SelectionIndex } from './selection-index.ts';
import { tokens } from './tokens.ts';

const networkCrd = 'network-attachment-definitions.k8s.cni.cncf.io';

/** Everything that the operator watches. */
@injectable()
export class Caches {
  readonly configs;
  readonly dpus;
  readonly dpuConfigs;
  readonly vendorPlugins;
  readonly pluginLocks;
  readonly nodes;
  readonly daemonSets;
  readonly daemonPods;
  readonly daemonLeases;
  readonly vspPods;
  readonly chains;
  readonly chainPods;
  readonly namespaces;
  /** Metadata only: what stands in it is read when it is needed. */
  readonly trust;
  readonly certificateRequests;
  readonly dpuNetworks;
  readonly networks;
  /** Of DpuNetworks. */
  readonly networkNads;
  /** By the name of their node. */
  readonly dpusByNode;
  /** By the name of their daemon's Lease, from which there is no way back to the node's. */
  readonly dpusByLease;
  /** By the name of their daemon's Lease. */
  readonly nodesByLease;
  /** Those that are DPU sides, by the name of their node. */
  readonly dpuSidesByNode;
  /** By the uid of their chain. */
  readonly chainPodsByChain;
  readonly #selection;
  readonly #addresses;
  readonly #crds;
  #catalog: PluginCatalog | undefined;
  readonly #logger: Logger;
  readonly #namespace: string;

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.environment) { namespace }: Pick<Environment, 'namespace'>,
    @inject(tokens.logger) logger: Logger,
  ) {
    this.#logger = logger;
    this.#namespace = namespace;
    const named = (name: string) => `metadata.name=${name}`;
    const watch = <T extends KubeObject>(
      type: ResourceType<T>,
      scope: { namespace?: string; fieldSelector?: string; labelSelector?: string } = {},
    ) => new Informer(store, type, { logger, ...scope });
    this.configs = watch(dpuOperatorConfig);
    this.dpus = watch(dataProcessingUnit);
    this.dpuConfigs = watch(dataProcessingUnitConfig);
    this.vendorPlugins = watch(vendorPlugin);
    this.pluginLocks = watch(configMapMetadata, { namespace, labelSelector: labels.vendorPlugin });
    this.nodes = watch(nodeMetadata);
    this.daemonSets = watch(daemonSet, { namespace, fieldSelector: named(workloads.daemon) });
    this.daemonPods = watch(podReadiness, { namespace, labelSelector: `app=${workloads.daemon}` });
    this.daemonLeases = watch(lease, { namespace, labelSelector: `app=${daemonLeaseLabels.app}` });
    // Those that install plugins too.
    this.vspPods = watch(pod, { namespace, labelSelector: labels.dpuName });
    this.chains = watch(serviceFunctionChain);
    this.chainPods = watch(pod, { labelSelector: labels.chain });
    this.namespaces = watch(namespaceMetadata);
    this.trust = watch(configMapMetadata, { namespace, fieldSelector: named(trustNames.configMap) });
    this.certificateRequests = watch(certificateSigningRequest, {
      fieldSelector: `spec.signerName=${trustNames.signer}`,
    });
    this.dpuNetworks = watch(dpuNetwork);
    this.networks = [
      // Of every namespace that may have chains, or might once.
      watch(networkAttachmentDefinition, { fieldSelector: named(networkNames.networkFunction) }),
      watch(networkAttachmentDefinition, {
        namespace: defaultNetworkNamespace,
        fieldSelector: named(networkNames.default),
      }),
    ];
    this.networkNads = watch(networkAttachmentDefinition, {
      namespace: defaultNetworkNamespace,
      labelSelector: labels.network,
    });
    this.#crds = watch(customResourceDefinition, { fieldSelector: named(networkCrd) });
    this.dpusByNode = this.dpus.index(({ spec }) => [spec.nodeName]);
    this.dpuSidesByNode = this.dpus.index(({ spec }) => (spec.isDpuSide ? [spec.nodeName] : []));
    this.dpusByLease = this.dpus.index(({ spec }) => [daemonLeaseName(spec.nodeName)]);
    this.nodesByLease = this.nodes.index(({ metadata }) => [daemonLeaseName(metadata.name)]);
    this.chainPodsByChain = this.chainPods.index(({ metadata }) =>
      (metadata.ownerReferences ?? []).map(({ uid }) => uid),
    );
    this.#selection = new SelectionIndex(this.dpus, this.dpuConfigs);
    this.#addresses = new NodeAddresses(store, logger);
    // Before all other listeners, which look at the new one.
    this.vendorPlugins.onChange(() => {
      this.#catalog = undefined;
    });
  }

  /** The configs that count: elsewhere whoever may edit a namespace could decide about the nodes of the cluster. */
  get countingConfigs(): DataProcessingUnitConfig[] {
    return this.dpuConfigs.list().filter(({ metadata }) => metadata.namespace === this.#namespace);
  }

  /** Of the configs that count those that select a DPU. */
  readonly configsFor = (dpu: DataProcessingUnit): DataProcessingUnitConfig[] =>
    this.#selection.configsFor(dpu).filter(({ metadata }) => metadata.namespace === this.#namespace);

  /** The DPUs that a config selects, whether it counts or not. */
  readonly selectedBy = (config: DataProcessingUnitConfig): DataProcessingUnit[] => this.#selection.dpusFor(config);

  /** The plugins that can run. */
  get catalog(): PluginCatalog {
    this.#catalog ??= new PluginCatalog(this.vendorPlugins.list());
    return this.#catalog;
  }

  /** The address by which other nodes reach a node, where a config's settings name it: its first InternalIP. */
  readonly addressOf = (nodeName: string): string | undefined => this.#addresses.of(nodeName);

  /** Waits until {@link addressOf} can answer for each node that a config names. */
  async addressesListed(): Promise<void> {
    await this.#addresses.listed();
  }

  /** As Go names it: amd64, arm64. Undefined where the node has not said it. */
  readonly architectureOf = (nodeName: string): string | undefined =>
    architectureIn(this.nodes.get(nodeName)?.metadata.labels);

  /** Of a DPU's node; undefined where that is not there. */
  nodeLabelsOf({ spec }: DataProcessingUnit): Record<string, string> | undefined {
    const node = this.nodes.get(spec.nodeName);
    return node && (node.metadata.labels ?? {});
  }

  /** Where images of plugins are taken from in place of the registry in their name. */
  get imageMirrors(): readonly ImageMirror[] {
    return this.configs.getByKey(configName)?.spec.plugins?.imageMirrors ?? [];
  }

  /** Calls back with the configs whose settings name a node for which {@link addressOf} may answer otherwise. */
  onNodeAddress(listener: (configs: readonly DataProcessingUnitConfig[]) => void): void {
    this.#addresses.onChange((nodeName) => {
      const configs = this.#selection.configsNaming(nodeName);
      if (configs.length > 0) listener(configs);
    });
  }

  /** Calls back with the DPUs of a node that comes, goes, or says another architecture. */
  onNodeOfDpus(listener: (dpus: readonly DataProcessingUnit[]) => void): void {
    this.nodes.onChange((node, previous, kind) => {
      const isSame = architectureIn(node.metadata.labels) === architectureIn(previous?.metadata.labels);
      if (kind !== 'updated' || !isSame) listener(this.dpusByNode.get(node.metadata.name));
    });
  }

  /** Whether the cluster knows NetworkAttachmentDefinitions. */
  get multusInstalled(): boolean {
    return isConditionTrue(this.#crds.get(networkCrd)?.status?.conditions, 'Established');
  }

  /** Calls back when Multus has been installed or taken away. */
  onMultus(listener: () => void): void {
    this.#crds.onChange(listener);
  }

  /** Whether all are filled, those of networks too where there are any. */
  get synced(): boolean {
    const nads = this.multusInstalled ? this.#nads() : [];
    return [...this.#informers(), ...nads].every((informer) => informer.hasSynced);
  }

  /** Calls back after each change of what is watched. */
  onChange(listener: () => void): void {
    for (const informer of [...this.#informers(), ...this.#nads()]) informer.onChange(() => listener());
  }

  /** Waits until all are filled, but for the networks of a cluster without Multus: these follow when it comes. */
  async start(signal: AbortSignal): Promise<void> {
    const startNetworks = () => {
      if (!this.multusInstalled) return;
      for (const informer of this.#nads()) {
        informer.start(signal).catch((error) => this.#logger.debug({ err: error }, 'stopped before it was synced'));
      }
    };
    this.#crds.onChange(startNetworks);
    let named: readonly string[] = [];
    this.dpuConfigs.onChange(() => {
      const { namedNodes } = this.#selection;
      if (namedNodes === named) return;
      named = namedNodes;
      this.#addresses.watch(named, signal);
    });
    await Promise.all(this.#informers().map((informer) => informer.start(signal)));
    await this.#addresses.listed();
    if (this.multusInstalled) await Promise.all(this.#nads().map((informer) => informer.start(signal)));
  }

  #nads() {
    return [...this.networks, this.networkNads];
  }

  #informers() {
    return [
      this.configs,
      this.dpus,
      this.dpuConfigs,
      this.vendorPlugins,
      this.pluginLocks,
      this.nodes,
      this.daemonSets,
      this.daemonPods,
      this.daemonLeases,
      this.vspPods,
      this.chains,
      this.chainPods,
      this.namespaces,
      this.trust,
      this.certificateRequests,
      this.dpuNetworks,
      this.#crds,
    ];
  }
}

function architectureIn(nodeLabels: Record<string, string> | undefined): string | undefined {
  return nodeLabels?.['kubernetes.io/arch'];
}
