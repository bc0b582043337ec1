import type { Logger, Platform } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';
import type { Link } from '../links/link.ts';
import type { Flow } from '../ovs/ovs-flows.ts';
import type { PortPlan } from './bridge-plan.ts';
import { externalId, isOwnedBy, ownerSetting, type PortRecord, recordOf, recordSettings } from './port-record.ts';

/** Which bridge, and how what is ours on it is told from what is not. */
export interface BridgeOptions {
  platform: Platform;
  ovs: ReturnType<Platform['openVSwitch']>;
  name: string;
  /** 16 hex digits: cookie of our flows, and mark of our ports. */
  owner: string;
  logger: Logger;
}

/** A port to be. */
export interface BridgePortPlan extends PortPlan {
  record: PortRecord;
  /** Makes it a port of DPDK, which has no link: PCI address and arguments (`dpdk-devargs`). */
  dpdkDevargs?: string | undefined;
}

/** What of a plan could not be made, and why. */
export interface BridgeResult {
  /** Ports whose link is not there: they wait for it. */
  absent: ReadonlySet<string>;
  /**
   * Ports that the switch could not open or whose link does not go up, with what switch or kernel said, and those of
   * which another has a port of that name.
   */
  failed: ReadonlyMap<string, string>;
  /** Why the uplink, which is a port all the same, goes on joining frames (GRO). */
  joining: string | undefined;
}

interface Attached {
  record: PortRecord;
  /** A link that was made anew has the name of the one before, but not its index; the switch holds on to the old one. */
  linkIndex: number | undefined;
  /** undefined where it is not known what the switch has. */
  settings: string | undefined;
  /** OpenFlow number; undefined where the switch could not open it. */
  number: number | undefined;
  error: string | undefined;
}

const openedKey = 'dpu-opened';

/**
 * A bridge of Open vSwitch whose ports and flows are made to match a plan, and which a process that starts anew finds again.
 * What others have on it stays.
 */
export class Bridge {
  readonly #options: BridgeOptions;
  /** What the bridge was marked with when it was opened; undefined while it is not. */
  #opened: string | undefined;
  #attached = new Map<string, Attached>();
  /** Names of ports of the switch, on any bridge, that are not ours. */
  #others = new Set<string>();
  /** undefined where it is not known what the switch has. */
  #flows: string | undefined;
  /** What the kernel said when the uplink was to leave frames as they come. */
  #joining: string | undefined;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /** What the switch has is not known any more: it was started anew. */
  forget(): void {
    this.#opened = undefined;
    this.#attached = new Map();
    this.#flows = undefined;
  }

  /** Whether a port or bridge that was deleted is missed: others have deleted it, or one that was in our way. */
  misses(table: 'Bridge' | 'Port', name: string): boolean {
    if (table === 'Bridge') return name === this.#options.name && this.#opened !== undefined;
    return this.#attached.get(name)?.settings !== undefined || this.#others.has(name);
  }

  /** Finds out what others have taken away of it since, of which nobody tells: the next {@link apply} makes that again. */
  async check(): Promise<void> {
    const { ovs, name } = this.#options;
    if (this.#opened === undefined) return;
    // Listens for deletions where it does not: what goes after this look is told.
    await ovs.start();
    const [bridge] = await ovs.rows('Bridge', ['external_ids'], [name]);
    if (!bridge || externalId(bridge, openedKey) !== this.#opened) {
      this.forget();
      return;
    }
    const before = this.#attached;
    await this.#readPorts();
    for (const device of this.#attached.keys()) {
      const known = before.get(device);
      if (known) this.#attached.set(device, known);
    }
  }

  /**
   * Makes the bridge, where it is not there. One that is there with the userspace datapath is used, and is no more ours
   * for that.
   *
   * @returns our ports that are on it, by name
   * @throws DpuError FAILED_PRECONDITION for a bridge of that name with another datapath
   */
  async open(): Promise<ReadonlyMap<string, PortRecord>> {
    const { ovs, name, owner, platform } = this.#options;
    await ovs.start();
    if (this.#opened === undefined) {
      this.forget();
      const [there] = await ovs.rows('Bridge', ['datapath_type'], [name]);
      if (there && there.datapath_type !== 'netdev') {
        const what = `the bridge ${name} has the datapath ${String(there.datapath_type) || 'system'}, not netdev`;
        throw new DpuError('FAILED_PRECONDITION', `${what}, and so is another's: rename it or delete it first`);
      }
      // The time makes it a change: it is answered once the switch works by its database.
      const opened = `${platform.clock.now()}`;
      const made = there ? [] : ['datapath_type=netdev', ownerSetting(owner)];
      await ovs.transaction([
        ['--may-exist', 'add-br', name],
        ['set', 'bridge', name, `external_ids:${openedKey}="${opened}"`, ...made],
      ]);
      await this.#readPorts();
      this.#opened = opened;
    }
    return new Map([...this.#attached].map(([device, { record }]) => [device, record]));
  }

  async #readPorts(): Promise<void> {
    const { ovs, owner } = this.#options;
    this.#attached = new Map();
    this.#others = new Set();
    for (const row of await ovs.rows('Port', ['name', 'external_ids'])) {
      const record = recordOf(row, owner);
      const unknown = { linkIndex: undefined, settings: undefined, number: undefined, error: undefined };
      if (record) this.#attached.set(String(row.name), { record, ...unknown });
      else this.#others.add(String(row.name));
    }
  }

  /**
   * Makes ports and flows match: ports go, come and change in one transaction, then the flows change in one bundle. After
   * an error it is not known how much is done; the next call does all of it.
   *
   * @param flowsOf the flows, by the numbers of ports
   */
  async apply(
    plans: readonly BridgePortPlan[],
    flowsOf: (numberOf: (device: string) => number | undefined) => readonly Flow[],
  ): Promise<BridgeResult> {
    await this.open();
    // Its owner may have taken it away since.
    if (plans.some(this.#isOthers)) await this.#readPorts();
    const ours = plans.filter((plan) => !this.#isOthers(plan));
    const [{ links, refused }] = await Promise.all([this.#raise(ours), this.#noteOffloads(ours)]);
    const isThere = ({ device, dpdkDevargs }: BridgePortPlan) => dpdkDevargs !== undefined || links.has(device);
    await this.#takeOffOutdated(ours.filter(isThere), links, refused);
    const present = ours.filter((plan) => isThere(plan) && !refused.has(plan.device));
    await this.#changePorts(present, links);
    await this.#changeFlows(flowsOf((device) => this.#attached.get(device)?.number));
    const failed = new Map(refused);
    for (const [device, { error }] of this.#attached) if (error) failed.set(device, error);
    for (const { device } of plans.filter(this.#isOthers)) failed.set(device, othersPort(device));
    const absent = new Set(ours.filter((plan) => !isThere(plan)).map(({ device }) => device));
    return { absent, failed, joining: this.#joining };
  }

  /**
   * Takes our ports and flows away, and the bridge where we made it and nobody else has a port on it.
   *
   * @throws DpuError UNAVAILABLE while the machine's switch does not answer: what is on it stays
   */
  async remove(): Promise<void> {
    const { ovs, name, owner } = this.#options;
    // Of a switch of our own nothing is left when it has ended.
    if (!ovs.running && !ovs.outlivesDaemons) return;
    await this.apply([], () => []);
    const ports = await ovs.transaction([['list-ports', name]]);
    const [bridge] = await ovs.rows('Bridge', ['external_ids'], [name]);
    if (ports.trim() === '' && bridge && isOwnedBy(bridge, owner)) {
      this.#opened = undefined;
      await ovs.transaction([['--if-exists', 'del-br', name]]);
    }
    this.forget();
  }

  readonly #isOthers = ({ device }: BridgePortPlan) => this.#others.has(device);

  /** Links that are to be ports are up. Answers all links that there are, and why some did not go up. */
  async #raise(plans: readonly BridgePortPlan[]): Promise<{ links: Map<string, Link>; refused: Map<string, string> }> {
    const { links } = this.#options.platform;
    const fresh = plans.filter(({ device, dpdkDevargs }) => !dpdkDevargs && !this.#attached.get(device)?.linkIndex);
    const result = await links.batchAndList(fresh.map(({ device }) => ({ set: device, up: true })));
    const refused = new Map<string, string>();
    for (const { line, error } of result.failures) {
      const device = fresh[line]?.device;
      if (device === undefined) throw error;
      if (error.code !== 'NOT_FOUND') refused.set(device, `${device} does not go up: ${error.message}`);
    }
    return { links: new Map(result.links.map((link) => [link.name, link])), refused };
  }

  /** Taken off and put on within one transaction, the switch would see no change. The link of now may be down yet. */
  async #takeOffOutdated(
    present: readonly BridgePortPlan[],
    links: ReadonlyMap<string, Link>,
    refused: Map<string, string>,
  ): Promise<void> {
    const outdated = present.filter(({ device, dpdkDevargs }) => {
      const before = this.#attached.get(device);
      if (before?.error) return true;
      return !dpdkDevargs && before?.linkIndex !== undefined && before.linkIndex !== links.get(device)?.index;
    });
    if (outdated.length === 0) return;
    const { ovs, name } = this.#options;
    for (const { device } of outdated) this.#forgetSettings(device);
    await ovs.transaction(outdated.map(({ device }) => ['--if-exists', 'del-port', name, device]));
    for (const { device } of outdated) this.#attached.delete(device);
    for (const [device, reason] of (await this.#raise(outdated)).refused) refused.set(device, reason);
  }

  async #changePorts(present: readonly BridgePortPlan[], links: ReadonlyMap<string, Link>): Promise<void> {
    try {
      await this.#commitPorts(present, links);
    } catch {
      // Others may have taken one of ours away, or made one of that name.
      await this.#readPorts();
      await this.#commitPorts(
        present.filter((plan) => !this.#isOthers(plan)),
        links,
      );
    }
  }

  async #commitPorts(present: readonly BridgePortPlan[], links: ReadonlyMap<string, Link>): Promise<void> {
    const { ovs, name, owner } = this.#options;
    const wanted = new Set(present.map(({ device }) => device));
    const gone = [...this.#attached].filter(([device]) => !wanted.has(device));
    const changed = present.filter((plan) => this.#attached.get(plan.device)?.settings !== settingsText(plan, owner));
    if (gone.length + changed.length === 0) return;
    const fresh = changed.filter(({ device }) => this.#attached.get(device)?.number === undefined);
    for (const [device] of gone) this.#forgetSettings(device);
    for (const { device } of changed) this.#forgetSettings(device);
    // At the same time, as each takes programs 10 to 25 ms; nothing uses a port before both are done.
    const refused = new Map<string, string>();
    const prepared = Promise.all(fresh.map((plan) => this.#prepare(plan, refused)));
    const transaction = ovs.transaction([
      ...gone.map(([device]) => ['--if-exists', 'del-port', name, device]),
      ...changed.flatMap((plan) => [
        ...(this.#attached.has(plan.device) ? [] : [['add-port', name, plan.device]]),
        ...commandsFor(plan, owner),
      ]),
    ]);
    const results = await Promise.allSettled([transaction, prepared]);
    const failure = results.find((result) => result.status === 'rejected');
    if (failure) throw failure.reason;
    await this.#letGo(gone, links);
    for (const plan of changed) {
      const { device, record } = plan;
      const { number, error } = this.#attached.get(device) ?? {};
      const linkIndex = links.get(device)?.index;
      this.#attached.set(device, { record, linkIndex, settings: settingsText(plan, owner), number, error });
    }
    await this.#readNumbers(fresh.map(({ device }) => device));
    for (const [device, error] of refused) {
      const port = this.#attached.get(device);
      if (port) Object.assign(port, { number: undefined, error });
    }
  }

  /** What the switch has of a port is not known until a change is done. */
  #forgetSettings(device: string): void {
    const port = this.#attached.get(device);
    if (port) port.settings = undefined;
  }

  /** A port that could not be opened is in the database all the same. */
  async #readNumbers(devices: readonly string[]): Promise<void> {
    if (devices.length === 0) return;
    for (const { name, ofport, error } of await this.#options.ovs.rows(
      'Interface',
      ['name', 'ofport', 'error'],
      devices,
    )) {
      const port = this.#attached.get(String(name));
      if (!port) continue;
      port.number = typeof ofport === 'number' && ofport > 0 ? ofport : undefined;
      port.error = port.number === undefined ? String(error) || 'the switch gave it no number' : undefined;
    }
  }

  async #changeFlows(flows: readonly Flow[]): Promise<void> {
    const text = JSON.stringify(flows);
    if (text === this.#flows) return;
    const { ovs, name, owner } = this.#options;
    this.#flows = undefined;
    await ovs.replaceFlows(name, owner, flows);
    this.#flows = text;
  }

  /** A userspace switch reads frames as they are: longer ones than the link's MTU would not fit others. */
  async #prepare({ device, dpdkDevargs, record }: BridgePortPlan, refused: Map<string, string>): Promise<void> {
    const isUplink = record.kind === 'uplink';
    if (isUplink) this.#joining = undefined;
    if (dpdkDevargs !== undefined) return;
    try {
      await this.#options.platform.links.disableOffloads(device, ['gro']);
    } catch (error) {
      const { message } = DpuError.from(error);
      // Without it nobody would have traffic; with it, most do.
      if (isUplink) this.#joining = message;
      else refused.set(device, `${device} goes on joining frames that it receives: ${message}`);
    }
  }

  /** What the uplink had before it became a port. */
  async #noteOffloads(plans: readonly BridgePortPlan[]): Promise<void> {
    const { platform } = this.#options;
    for (const { device, record, dpdkDevargs } of plans) {
      if (record.kind !== 'uplink' || dpdkDevargs !== undefined) continue;
      const before = this.#attached.get(device)?.record;
      if (before?.kind === 'uplink') record.gro = before.gro;
      else if (await platform.links.find(device)) {
        record.gro = (await platform.links.activeOffloads(device, ['gro'])).length > 0;
      }
    }
  }

  /** A link is up only while it is a port. The uplink is not ours: it gets back what it had. */
  async #letGo(gone: readonly [string, Attached][], links: ReadonlyMap<string, Link>): Promise<void> {
    const { links: changer } = this.#options.platform;
    const here = gone.filter(([device]) => links.has(device));
    for (const [device] of gone) this.#attached.delete(device);
    const lowered = here.filter(([, { record }]) => record.kind !== 'uplink');
    await changer.batch(
      lowered.map(([device]) => ({ set: device, up: false })),
      { force: true },
    );
    for (const [device, { record }] of here) {
      if (record.kind === 'uplink' && record.gro) await changer.enableOffloads(device, ['gro']);
    }
  }
}

function othersPort(device: string): string {
  return `the switch has a port ${device} that this plugin did not make; its owner must take it off (ovs-vsctl del-port ${device})`;
}

function commandsFor(plan: BridgePortPlan, owner: string): string[][] {
  const { device, dpdkDevargs } = plan;
  const commands = [['set', 'port', device, ...settingsOf(plan, owner)]];
  if (dpdkDevargs !== undefined) {
    commands.push(['set', 'interface', device, 'type=dpdk', `options:dpdk-devargs="${dpdkDevargs}"`]);
  }
  return commands;
}

/** Columns of the table Port; `[]` is the empty set. */
function settingsOf({ mode, tag, trunks, protected: isProtected, record }: BridgePortPlan, owner: string): string[] {
  const vlans = [`vlan_mode=${mode}`, `tag=${tag ?? '[]'}`, `trunks=[${trunks.join(',')}]`];
  return [...vlans, `protected=${isProtected}`, ...recordSettings(owner, record)];
}

const settingsText = (plan: BridgePortPlan, owner: string) => settingsOf(plan, owner).join(' ');
