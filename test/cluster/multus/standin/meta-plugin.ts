import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiServer } from './api-server.ts';
import { type Attachment, AttachmentStore } from './attachments.ts';
import { addNetwork, askNetwork, delNetwork, type Invocation } from './call-plugin.ts';
import { PodDevices } from './devices.ts';
import { CniError, codes } from './errors.ts';
import { networkStatus } from './network-status.ts';
import { type NetworkSelection, parseNetworks } from './networks.ts';
import { type NetworkConfig, readNetworkConfig } from './plugin-config.ts';

const networksAnnotation = 'k8s.v1.cni.cncf.io/networks';
const statusAnnotation = 'k8s.v1.cni.cncf.io/network-status';
const resourceAnnotation = 'k8s.v1.cni.cncf.io/resourceName';

/** The stand-in's own configuration, as the cluster's set-up writes it. */
export interface StandinConfig {
  cniVersion: string;
  type: string;
  /** Where the runtime finds its networks; the first list that is not ours is the default network. */
  confDir: string;
  kubeconfig: string;
  cacheDir: string;
  runtimeConfig?: Record<string, unknown>;
}

/** Attaches a pod to the default network and to those its annotation names, and undoes that from its own records. */
export class MetaPlugin {
  readonly #config: StandinConfig;
  readonly #call: Invocation;
  readonly #store: AttachmentStore;

  constructor(config: StandinConfig, call: Invocation) {
    this.#config = config;
    this.#call = call;
    this.#store = new AttachmentStore(config.cacheDir);
  }

  /** All networks or none; the answer is the default network's. */
  async add(): Promise<unknown> {
    const { namespace, name } = podOf(this.#call.args);
    const attached: Attachment[] = [];
    try {
      const defaultNetwork = this.#defaultNetwork();
      const common = { cniArgs: this.#call.args };
      const main = { ...common, label: defaultNetwork.name, ifname: this.#call.ifname, network: defaultNetwork };
      await this.#attach(attached, main);
      const api = new ApiServer(this.#config.kubeconfig);
      const pod = await api.pod(namespace, name);
      const selections = parseNetworks(pod.metadata.annotations?.[networksAnnotation] ?? '', namespace);
      let devices: PodDevices | undefined;
      for (const selection of selections) {
        const nad = await api.network(selection.namespace, selection.name);
        const resource = nad.metadata.annotations?.[resourceAnnotation];
        if (resource) devices ??= PodDevices.ofPod(pod.metadata.uid);
        const attachment = this.#selected(selection, nad.spec?.config ?? '', resource && devices?.take(resource));
        await this.#attach(attached, attachment);
      }
      if (selections.length > 0) await api.annotate(namespace, name, { [statusAnnotation]: networkStatus(attached) });
    } catch (error) {
      await this.#detach(attached).catch(() => {});
      throw error;
    }
    return attached[0]?.result;
  }

  /** Works from the records alone: the pod, and even its network namespace, may be gone. */
  async del(): Promise<void> {
    const attached = this.#store.read(this.#call.containerId);
    if (attached) return this.#detach(attached);
    await delNetwork(this.#defaultNetwork(), this.#call);
  }

  async check(): Promise<void> {
    const attached = this.#store.read(this.#call.containerId);
    if (!attached) throw new CniError(codes.internal, `nothing is known of container ${this.#call.containerId}`);
    for (const { network, ifname, cniArgs, result } of attached) {
      await askNetwork(network, { ...this.#call, ifname, args: cniArgs }, result);
    }
  }

  /** Ready when there is a default network to call. */
  async status(): Promise<void> {
    this.#defaultNetwork();
  }

  async #attach(attached: Attachment[], attachment: Attachment): Promise<void> {
    attached.push(attachment);
    this.#store.write(this.#call.containerId, attached);
    const { network, ifname, cniArgs } = attachment;
    try {
      attachment.result = await addNetwork(network, { ...this.#call, ifname, args: cniArgs });
    } catch (error) {
      const { code, message, details } = CniError.from(error);
      throw new CniError(code, `network ${attachment.label} as ${ifname}: ${message}`, details);
    }
    this.#store.write(this.#call.containerId, attached);
  }

  /** Last attached, first undone. What could not be undone stays recorded for the next DEL. */
  async #detach(attached: Attachment[]): Promise<void> {
    let failure: unknown;
    for (const { network, ifname, cniArgs, result } of attached.toReversed()) {
      const call = { ...this.#call, command: 'DEL' as const, ifname, args: cniArgs };
      await delNetwork(network, call, result).catch((error) => {
        failure ??= error;
      });
    }
    if (failure) throw failure;
    this.#store.forget(this.#call.containerId);
  }

  #selected(selection: NetworkSelection, configText: string, deviceId: string | undefined): Attachment {
    const { namespace, name, interface: ifname, mac, ips } = selection;
    const label = `${namespace}/${name}`;
    const network = readNetworkConfig(
      configText,
      { name, cniVersion: this.#config.cniVersion },
      { ...(deviceId && { deviceId }), capabilityArgs: { mac, ips } },
    );
    const extra = [mac && `MAC=${mac}`, ips && `IP=${ips.join(',')}`].filter(Boolean);
    return { label, ifname, network, cniArgs: [this.#call.args, ...extra].join(';') };
  }

  /** Asked in our own version of the specification, so that its answer can be handed on as it is. */
  #defaultNetwork(): NetworkConfig {
    const { confDir, cniVersion, type, runtimeConfig = {} } = this.#config;
    for (const file of readdirSync(confDir).sort()) {
      if (!file.endsWith('.conflist')) continue;
      const text = readFileSync(join(confDir, file), 'utf8');
      const network = readNetworkConfig(text, { name: file, cniVersion }, { capabilityArgs: runtimeConfig });
      if (network.plugins[0]?.type !== type) return { ...network, cniVersion };
    }
    throw new CniError(codes.notReady, `no default network: ${confDir} has no .conflist but ours`);
  }
}

function podOf(args: string): { namespace: string; name: string } {
  const values = new Map(args.split(';').map((pair) => pair.split('=', 2) as [string, string]));
  const namespace = values.get('K8S_POD_NAMESPACE');
  const name = values.get('K8S_POD_NAME');
  if (!namespace || !name) {
    throw new CniError(codes.invalidEnvironment, 'CNI_ARGS names no pod (K8S_POD_NAMESPACE, K8S_POD_NAME)', args);
  }
  return { namespace, name };
}
