/** What a DPU has on its own node only: the data path on its VSP, and the hosts that use it. */
import type { Logger } from 'pino';
import { DpuDataPath } from '../datapath/dpu-data-path.ts';
import type { AttachedFunctions } from '../datapath/network-functions.ts';
import { ChannelListener } from '../peer/channel-listener.ts';
import { KnownHosts } from '../peer/known-hosts.ts';
import type { VspHealth } from './vsp-health.ts';

export interface DpuSideOptions {
  dpuName: string;
  nodeName: string;
  /** The DPU's directory of records. */
  directory: string;
  attachments: AttachedFunctions;
  vsp: VspHealth;
  /** Called when the hosts that have ports here, or those of them that are away, are others now. */
  onHosts: () => void;
  /** Called when the state of a chain may be another. */
  onChains: () => void;
  logger: Logger;
}

export class DpuSide {
  readonly dataPath: DpuDataPath;
  readonly hosts: KnownHosts;
  readonly channel: ChannelListener;

  constructor({ dpuName, nodeName, directory, attachments, vsp, onHosts, onChains, logger }: DpuSideOptions) {
    this.dataPath = new DpuDataPath({ dpuName, directory, attachments, onChains, onHosts, logger });
    const { hostPorts } = this.dataPath;
    this.hosts = new KnownHosts({ hostPorts, onChange: onHosts, logger });
    this.channel = new ChannelListener({ hostPorts, knownHosts: this.hosts, vsp, responderId: nodeName, logger });
  }

  close(): void {
    this.dataPath.close();
    this.hosts.close();
    this.channel.close();
  }
}
