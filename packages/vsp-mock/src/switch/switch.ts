/** The bridge of a software DPU: an Open vSwitch of its own, made to match a plan. */
import { createHash } from 'node:crypto';
import type { Platform } from '@dpu-operator/sdk';
import type { Link, Offload } from '@dpu-operator/sdk/linux';
import { BRIDGE, OUTER_BRIDGE } from '../names.ts';
import type { Node } from '../node.ts';
import type { PortPlan } from './port-plan.ts';

export interface SwitchOptions {
  node: Node;
  /** Names the run directory: one switch a DPU. */
  identifier: string;
  /** The switch died and forgot everything. */
  onLost: () => void;
}

interface Attached {
  /** A link that was made anew has the name of the one before, but not its index; the switch holds on to the old one. */
  linkIndex: number;
  bridge: string;
  /** undefined after a change that failed: what the switch had, or what it was to have. */
  settings: string | undefined;
  /** Whether the link is up and its offloads are off. */
  prepared: boolean;
}

export class Switch {
  readonly #options: SwitchOptions;
  readonly #ovs: ReturnType<Platform['openVSwitch']>;
  #attached = new Map<string, Attached>();
  #hasOuter = false;
  /** What the uplink had on before it was attached. */
  #uplinkOffloads: Offload[] = [];

  constructor(options: SwitchOptions) {
    const { node, identifier } = options;
    const { platform, netns, logger } = node;
    const id = createHash('sha256').update(identifier).digest('hex').slice(0, 8);
    this.#options = options;
    this.#ovs = platform.openVSwitch({
      directory: `/run/swdpu-${id}`,
      netns,
      commandsLookIn: '/var/run/openvswitch',
      onLine: (line) => logger.debug({ line }, 'open vswitch'),
      onExit: (reason) => {
        logger.error({ reason }, 'open vswitch ended, starting it again');
        this.#attached.clear();
        options.onLost();
      },
    });
  }

  /** The network device that is not ours: its state stays as it was found. */
  get #uplink(): string {
    return this.#options.node.settings.uplink;
  }

  get running(): boolean {
    return this.#ovs.running;
  }

  async start(): Promise<void> {
    if (this.running) return;
    await this.#ovs.start();
    this.#attached.clear();
    try {
      await this.#ovs.transaction([['add-br', BRIDGE], userspace(BRIDGE)]);
    } catch (error) {
      // A switch that runs is taken to have its bridge.
      await this.#ovs.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    if (!this.running) return;
    if (this.#attached.has(this.#uplink)) await this.#detach([this.#uplink]);
    await this.#ovs.stop();
    this.#attached.clear();
  }

  has(device: string): boolean {
    return this.#attached.get(device)?.prepared ?? false;
  }

  /**
   * Makes the ports match the plan, in one transaction. Ports whose link does not exist wait for it. After an error it is
   * not known which of the changes are made; the next call sets all of them.
   */
  async apply(plans: readonly PortPlan[], links: ReadonlyMap<string, Link>): Promise<void> {
    await this.start();
    const present = plans.filter(({ device, peer }) => peer !== undefined || links.has(device));
    const isSame = (plan: PortPlan) => {
      const { linkIndex, bridge } = this.#attached.get(plan.device) ?? {};
      return linkIndex === (links.get(plan.device)?.index ?? 0) && bridge === bridgeOf(plan);
    };
    const replaced = present
      .filter((plan) => this.#attached.has(plan.device) && !isSame(plan))
      .map((plan) => plan.device);
    // Taken off and put on within one transaction, the switch would see no change.
    await this.#detach(replaced);
    const devices = new Set(present.map(({ device }) => device));
    const gone = [...this.#attached.keys()].filter((device) => !devices.has(device));
    const changed = present.filter((plan) => this.#attached.get(plan.device)?.settings !== settingsOf(plan).join(' '));
    if (gone.length + changed.length === 0) return;
    const wantsOuter = present.some(({ outer }) => outer);
    const fresh = changed.flatMap(({ device }) => (this.has(device) ? [] : (links.get(device) ?? [])));
    for (const device of [...gone, ...changed.map((plan) => plan.device)]) {
      const known = this.#attached.get(device);
      const linkIndex = links.get(device)?.index ?? 0;
      this.#attached.set(device, { ...(known ?? { linkIndex, bridge: '', prepared: false }), settings: undefined });
    }
    const transaction = this.#ovs.transaction([
      ...gone.map((device) => ['--if-exists', 'del-port', device]),
      ...(wantsOuter ? [['--may-exist', 'add-br', OUTER_BRIDGE], userspace(OUTER_BRIDGE)] : []),
      ...changed.flatMap((plan) => [
        ['--may-exist', 'add-port', bridgeOf(plan), plan.device],
        ['set', 'port', plan.device, ...settingsOf(plan)],
        ...(plan.peer === undefined
          ? []
          : [['set', 'interface', plan.device, 'type=patch', `options:peer=${plan.peer}`]]),
      ]),
      ...(this.#hasOuter && !wantsOuter ? [['--if-exists', 'del-br', OUTER_BRIDGE]] : []),
    ]);
    this.#hasOuter ||= wantsOuter;
    // At the same time; nothing uses a port before both are done.
    const results = await Promise.allSettled([transaction, ...fresh.map((link) => this.#prepare(link))]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    this.#hasOuter = wantsOuter;
    await this.#forget(gone);
    for (const plan of changed) {
      const linkIndex = links.get(plan.device)?.index ?? 0;
      const settings = settingsOf(plan).join(' ');
      this.#attached.set(plan.device, { linkIndex, bridge: bridgeOf(plan), settings, prepared: true });
    }
  }

  async #detach(devices: readonly string[]): Promise<void> {
    if (devices.length === 0) return;
    await this.#ovs.transaction(devices.map((device) => ['--if-exists', 'del-port', device]));
    await this.#forget(devices);
  }

  async #prepare(link: Link): Promise<void> {
    const { links } = this.#options.node.platform;
    if (link.name === this.#uplink) {
      const active = await links.activeOffloads(link.name, ['gro']);
      // Off already where an attempt before this one failed.
      if (active.length > 0) this.#uplinkOffloads = active;
    } else if (!link.up) await links.batch([{ set: link.name, up: true }]);
    await links.disableOffloads(link.name, ['gro']);
  }

  async #forget(devices: readonly string[]): Promise<void> {
    for (const device of devices) this.#attached.delete(device);
    if (!devices.includes(this.#uplink) || this.#uplinkOffloads.length === 0) return;
    const { links } = this.#options.node.platform;
    if (await links.find(this.#uplink)) await links.enableOffloads(this.#uplink, this.#uplinkOffloads);
    this.#uplinkOffloads = [];
  }
}

const bridgeOf = ({ outer }: PortPlan): string => (outer ? OUTER_BRIDGE : BRIDGE);
const userspace = (bridge: string) => ['set', 'bridge', bridge, 'datapath_type=netdev', 'fail_mode=standalone'];

/** Columns of the table Port; `[]` is the empty set. */
function settingsOf(plan: PortPlan): string[] {
  const vlans = [`vlan_mode=${plan.mode}`, `tag=${plan.tag ?? '[]'}`, `trunks=[${rangesOf(plan.trunks)}]`];
  return [...vlans, `protected=${plan.protected ?? false}`];
}

/** `0-19,21-4095`, of numbers in order. */
function rangesOf(numbers: readonly number[]): string {
  const starts = numbers.filter((number, index) => numbers[index - 1] !== number - 1);
  const ends = numbers.filter((number, index) => numbers[index + 1] !== number + 1);
  return starts.map((start, index) => (ends[index] === start ? `${start}` : `${start}-${ends[index]}`)).join(',');
}
