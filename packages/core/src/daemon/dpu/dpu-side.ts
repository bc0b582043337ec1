/** What a DPU has on its own node only: the data path on its VSP, and the hosts that use it. */
import { DpuError } from '@dpu-operator/sdk';
import { DpuDataPath, type DpuDataPathOptions } from '../datapath/dpu-data-path.ts';
import { ChannelListener } from '../peer/channel-listener.ts';
import { KnownHosts } from '../peer/known-hosts.ts';
import type { VspHealth } from './vsp-health.ts';

export interface DpuSideOptions extends DpuDataPathOptions {
  nodeName: string;
  vsp: VspHealth;
}

export class DpuSide {
  readonly dataPath: DpuDataPath;
  readonly hosts: KnownHosts;
  readonly channel: ChannelListener;

  constructor(options: DpuSideOptions) {
    const { nodeName, vsp, onHosts, logger } = options;
    this.dataPath = new DpuDataPath({ ...options, onHosts: () => this.#ownersChanged(onHosts) });
    const { hostPorts } = this.dataPath;
    this.hosts = new KnownHosts({ hostPorts, onChange: onHosts, logger });
    this.channel = new ChannelListener({ hostPorts, knownHosts: this.hosts, vsp, responderId: nodeName, logger });
  }

  /** @throws DpuError FAILED_PRECONDITION for a host that is connected, whose pods would be cut off */
  async forgetHost(owner: string): Promise<number> {
    if (this.hosts.isConnected(owner)) {
      throw new DpuError('FAILED_PRECONDITION', `host ${owner} is connected: delete its pods instead`);
    }
    const count = await this.dataPath.hostPorts.forgetHost(owner);
    this.hosts.portsChanged();
    return count;
  }

  /** A host that goes away right after its first port has to be missed, too. */
  #ownersChanged(onHosts: () => void): void {
    this.hosts.portsChanged();
    onHosts();
  }

  close(): void {
    this.dataPath.close();
    this.hosts.close();
    this.channel.close();
  }
}
