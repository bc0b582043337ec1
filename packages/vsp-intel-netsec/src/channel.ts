/** The channel between host and card, by the port that leads from one to the other: up, and with its address, while the plugin runs. */
import { DpuError, type IpPort, type PluginContext } from '@dpu-operator/sdk';
import { openLinkLocalChannel, watchLinks } from '@dpu-operator/sdk/linux';
import type { Settings } from './settings.ts';

export type OpenChannel = typeof openLinkLocalChannel;

export interface ChannelOptions {
  context: PluginContext<Settings>;
  /** PCI address of the port. */
  pf: string;
  /** Default: by the kernel. */
  open?: OpenChannel | undefined;
}

export class Channel {
  readonly #options: ChannelOptions;
  /** Name of the port's network device, once it has started. */
  device = '';

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /**
   * Answers what Init answers.
   *
   * @throws DpuError DEADLINE_EXCEEDED where the port has no network device in time
   */
  async start(): Promise<IpPort> {
    const { context, pf } = this.#options;
    const { platform, signal, logger } = context;
    const [netdev] = await platform.sriov.netdevs([pf], { signal, timeoutMs: portMs });
    this.device = netdev?.name ?? '';
    const address = await this.#open();
    if (this.#options.open) return address;
    const { netns } = platform.links;
    const again = () => {
      this.#open().catch((error) => logger.warn({ err: DpuError.from(error) }, 'the channel is not open'));
    };
    const onChange = ({ name, deleted }: { name: string; deleted: boolean }) => {
      if (name === this.device && !deleted) again();
    };
    watchLinks(onChange, { signal, onRestart: again, ...(netns !== undefined && { netns }) });
    return address;
  }

  #open(): Promise<IpPort> {
    const { device } = this;
    const { context, open = openLinkLocalChannel } = this.#options;
    return open(context.platform, { side: context.dpu.side, device, port: context.settings.daemonPort });
  }
}

/** Milliseconds. */
const portMs = 30_000;
