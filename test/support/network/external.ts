/**
 * A client beyond the DPU's uplink: a network namespace on the DPU node whose only link is the other end of the
 * uplink's veth pair.
 */
import type { Cluster } from '../../cluster/index.ts';

/** That of the software DPU. */
const softwareUplink = 'dpu-uplink';
const netns = 'external';

/** The uplink's end of the pair. */
export interface Uplink {
  name: string;
  /** Name of its network namespace. Default: the node's own. */
  netns?: string;
}

export const addresses = {
  /** The network function's interfaces; net1 lies in the pods' network outside its allocation range. */
  functionInside: '10.56.217.2',
  functionOutside: '172.31.7.1',
  external: '172.31.7.2',
  outsideNetwork: '172.31.7.0/24',
  podNetwork: '10.56.217.0/24',
};

export class ExternalClient {
  readonly #cluster: Cluster;
  readonly #node: string;
  readonly #uplink: Uplink;

  constructor(cluster: Cluster, node: string, uplink: Uplink = { name: softwareUplink }) {
    this.#cluster = cluster;
    this.#node = node;
    this.#uplink = uplink;
  }

  async create(): Promise<void> {
    await this.delete();
    await this.#ip('netns', 'add', netns);
    const { name } = this.#uplink;
    await this.#ip(...this.#there, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns);
    await this.#ip(...this.#there, 'link', 'set', name, 'up');
    await this.#ip('-n', netns, 'link', 'set', 'lo', 'up');
    await this.#ip('-n', netns, 'addr', 'add', `${addresses.external}/24`, 'dev', 'eth0');
    await this.#ip('-n', netns, 'link', 'set', 'eth0', 'up');
    // A userspace bridge sees packets before a device would have filled in their checksums.
    await this.#cluster.exec(this.#node, ['ip', 'netns', 'exec', netns, 'ethtool', '-K', 'eth0', 'tx', 'off']);
    await this.#ip('-n', netns, 'route', 'add', addresses.podNetwork, 'via', addresses.functionOutside);
  }

  /** Its MAC, and how many frames it has got, with whatever tag. */
  async link(): Promise<{ mac: string; frames: number }> {
    const [link] = JSON.parse(await this.#ip('-n', netns, '-json', '-stats', 'link', 'show', 'eth0'));
    return { mac: link.address, frames: link.stats64.rx.packets };
  }

  /** Deleting what is not there is no error. The pair is deleted by its near end: a namespace dies a moment later. */
  async delete(): Promise<void> {
    await this.#cluster.exec(this.#node, ['ip', ...this.#there, 'link', 'del', this.#uplink.name]);
    await this.#cluster.exec(this.#node, ['ip', 'netns', 'del', netns]);
  }

  /** What tells `ip` where the uplink is. */
  get #there(): string[] {
    const { netns } = this.#uplink;
    return netns === undefined ? [] : ['-n', netns];
  }

  async #ip(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#cluster.exec(this.#node, ['ip', ...args]);
    if (exitCode !== 0) throw new Error(`ip ${args.join(' ')} on ${this.#node}: ${stderr}`);
    return stdout;
  }
}
