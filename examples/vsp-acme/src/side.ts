/** What the host's side and the DPU's side have in common: a row of devices, and links that are kept as planned. */
import type { Clock, Device, IpPort, Plugin, PluginContext } from '@dpu-operator/sdk';
import { Devices } from './devices.ts';
import type { LinkPlan, LinksByName } from './link-plan.ts';
import { MAX_VFS, type Row } from './names.ts';
import { NodeLinks, type WatchLinks } from './node-links.ts';
import { daemonAddress, type Settings } from './settings.ts';

export interface SideOptions {
  context: PluginContext<Settings>;
  /** The ends of its devices that pods are given, and those that stay on the node. */
  rows: { pods: Row; ports: Row };
  /** Devices until somebody asks for another number; undefined where the other side has them. */
  count: number | undefined;
  watch?: WatchLinks | undefined;
}

export abstract class Side implements Plugin {
  readonly address: IpPort;
  readonly limits = { maxVfs: MAX_VFS };
  protected readonly settings: Settings;
  protected readonly node: PluginContext<Settings>['node'];
  protected readonly devices: Devices;
  protected readonly links: NodeLinks;
  readonly #count: number | undefined;
  readonly #clock: Clock;

  protected constructor({ context, rows, count, watch }: SideOptions) {
    const { settings, node, platform, logger, dpu } = context;
    this.address = daemonAddress(settings, dpu.side, node.ip);
    this.settings = settings;
    this.node = node;
    this.devices = new Devices(node.name, rows.pods, rows.ports);
    this.links = new NodeLinks({
      platform,
      logger,
      watch,
      plan: () => this.plan(),
      onLook: (links) => this.look(links),
    });
    this.#count = count;
    this.#clock = platform.clock;
  }

  /** How the links of the node shall be. */
  protected abstract plan(): LinkPlan;

  /** Takes over what a predecessor left on the node, and makes what is missing. */
  start(): Promise<void> {
    return this.links.exclusive(async () => {
      const links = await this.links.list();
      if (this.#count !== undefined) this.devices.adopt(this.#count, links);
      this.look(links);
      await this.links.apply(this.plan(), links);
      this.links.follow();
    });
  }

  async getDevices(): Promise<Device[]> {
    return this.devices.list();
  }

  setNumVfs(count: number): Promise<number> {
    return this.links.exclusive(async () => {
      if (this.#count !== undefined) await this.devices.resize(count, this.links, this.#clock);
      this.resized(count);
      await this.links.apply(this.plan());
      return this.devices.count;
    });
  }

  watchDevices(onChange: () => void): () => void {
    return this.devices.watch(onChange);
  }

  async healthy(): Promise<boolean> {
    return this.links.settled;
  }

  /** Links stay, and go on forwarding. */
  close(): Promise<void> {
    return this.links.close();
  }

  /** Called when another number of devices is possible, before they are made or taken away. */
  protected resized(_count: number): void {}

  protected look(links: LinksByName): void {
    this.devices.see(links);
  }
}
