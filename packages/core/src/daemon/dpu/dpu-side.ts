/** What a DPU has on its own node only: the data path on its VSP, and the hosts that use it. */
import { DpuError } from '@dpu-operator/sdk';
import { DpuDataPath, type DpuDataPathOptions } from '../datapath/dpu-data-path.ts';
import { ChannelListener } from '../peer/channel-listener.ts';
import { KnownHosts } from '../peer/known-hosts.ts';
import { plainOwner } from '../peer/owner.ts';
import type { ChannelEnd } from '../trust/channel-end.ts';
import type { VspHealth } from './vsp/vsp-health.ts';

export interface DpuSideOptions extends Omit<DpuDataPathOptions, 'isOnlyInstallation'> {
  nodeName: string;
  vsp: VspHealth;
  /** How the channel is secured, and whom it takes. */
  end: ChannelEnd;
  /** Called when what is said of the channel may have changed. */
  onCallers: () => void;
}

export class DpuSide {
  readonly dataPath: DpuDataPath;
  readonly hosts: KnownHosts;
  readonly channel: ChannelListener;

  #isLeaving = false;

  constructor(options: DpuSideOptions) {
    const { nodeName, vsp, onHosts, end, onCallers, logger } = options;
    this.dataPath = new DpuDataPath({
      ...options,
      isOnlyInstallation: (installation) => end.isOnlyInstallation(installation),
      onHosts: () => this.#ownersChanged(onHosts),
    });
    const { hostPorts } = this.dataPath;
    this.hosts = new KnownHosts({ hostPorts, onChange: onHosts, logger });
    this.channel = new ChannelListener({
      end,
      hostPorts,
      knownHosts: this.hosts,
      vsp,
      isLeaving: () => this.#isLeaving,
      hasOneBridge: () => this.dataPath.hasOneBridge ?? false,
      onCallers,
      responderId: nodeName,
      logger,
    });
  }

  /** It is to go, so its hosts are to send no new pods. */
  setLeaving(isLeaving: boolean): void {
    this.#isLeaving = isLeaving;
  }

  /**
   * Somebody's order that a host does not come back. Its ports are deleted.
   *
   * @param host an owner, or `<node>/<dpu>` of one with a certificate
   * @returns how many
   * @throws DpuError FAILED_PRECONDITION for a host that is connected, whose pods would be cut off
   */
  async forgetHost(host: string): Promise<number> {
    const { hostPorts } = this.dataPath;
    const owners = hostPorts.owners().filter((owner) => owner === host || plainOwner(owner) === host);
    const connected = owners.find((owner) => this.hosts.isConnected(owner));
    if (connected !== undefined || this.hosts.isConnected(host)) {
      throw new DpuError('FAILED_PRECONDITION', `host ${connected ?? host} is connected: delete its pods instead`);
    }
    let count = 0;
    for (const owner of owners) count += await hostPorts.forgetHost(owner);
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
