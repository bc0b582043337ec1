/**
 * The card as the ACC reaches it: the tables of the FXP by P4Runtime, and the IMC, which knows the functions. It comes and
 * goes: whenever the tables can be written (again), what is written once is, and `onReady` tells that the rest is to be.
 */
import { type Clock, DpuError, type Logger, type Platform, type StatusReporter } from '@dpu-operator/sdk';
import type { Link } from '@dpu-operator/sdk/linux';
import { lagBypass, type PrimaryNetwork, physicalPortEntries, primaryNetworkEntries } from './entries.ts';
import { Fxp } from './fxp.ts';
import type { FunctionTable } from './imc/function-table.ts';
import type { Imc } from './imc/imc.ts';
import { P4Client } from './p4rt/client.ts';
import type { Entry } from './p4rt/program.ts';
import type { Available, Representor } from './placement.ts';
import type { Settings } from './settings.ts';

export interface CardOptions {
  settings: Settings;
  imc: Imc;
  links: Platform['links'];
  clock: Clock;
  status: StatusReporter;
  logger: Logger;
  /** The tables can be written, and may hold none of what was written before. */
  onReady: () => void;
}

/** Milliseconds until what kept the card from being ready is looked at again. */
const retryMs = 1_000;
/** Milliseconds until the uplink's link is looked at again. */
const linkMs = 5_000;
/** Milliseconds that the start waits for the card: what is asked for next is then not refused. */
const patienceMs = 10_000;

export class Card {
  readonly #fxp: Fxp;
  readonly #options: CardOptions;
  readonly #client: P4Client;
  readonly #closing = new AbortController();
  /** Why the tables cannot be written; undefined when they can. */
  #fault: DpuError | undefined = new DpuError('UNAVAILABLE', 'the card is not ready yet');
  /** The functions of the card as the IMC told them last. */
  #functions: FunctionTable = new Map();
  #available: Available = { hosts: [], functions: [] };
  #uplink: PrimaryNetwork | undefined;
  readonly #firstReady = Promise.withResolvers<void>();
  /** Counts what makes an attempt to get ready void. */
  #attempt = 0;

  constructor(options: CardOptions) {
    const { settings, clock, logger } = options;
    this.#options = options;
    this.#client = new P4Client({ ...settings.p4runtime, clock, logger, onRole: () => this.#roleChanged() });
    this.#fxp = new Fxp(this.#client);
  }

  /** Connects. Returns when the tables can be written, and at the latest after some seconds: a card that is away comes later. */
  async start(): Promise<void> {
    this.#client.start();
    void this.#followUplink();
    const { clock } = this.#options;
    const patience = clock.sleep(patienceMs, this.#closing.signal).catch(() => {});
    await Promise.race([this.#firstReady.promise, patience]);
  }

  close(): void {
    this.#closing.abort();
    this.#client.close();
  }

  /** @throws DpuError UNAVAILABLE with what is in the way */
  requireReady(): void {
    if (this.#fault) throw this.#fault;
  }

  /** The interfaces of the ACC that stand for ports. */
  get available(): Available {
    return this.#available;
  }

  /**
   * The VSI of a MAC; undefined where the card knows of none. The IMC is asked where one of them is not in use: a function
   * may have been made anew with another VSI.
   *
   * @param used VSIs that are in use. One counts while the IMC lists neither its MAC nor another function with it.
   * @returns what throws UNAVAILABLE for those that the IMC could not be asked for
   */
  async vsis(
    macs: readonly string[],
    used: FunctionTable,
    signal: AbortSignal,
  ): Promise<(mac: string) => number | undefined> {
    if (this.#options.settings.vsiFromMac) return vsiInMac;
    let failure: unknown;
    if (!macs.every((mac) => used.has(mac))) {
      await this.#askImc(signal).catch((error) => {
        failure = error;
      });
    }
    const listed = this.#functions;
    const taken = new Set(listed.values());
    return (mac) => {
      const former = used.get(mac);
      if (failure !== undefined && former === undefined) throw failure;
      if (listed.has(mac) || former === undefined) return listed.get(mac);
      return taken.has(former) ? undefined : former;
    };
  }

  /** Takes entries out and puts others in, as {@link Fxp.sync} does. What the card as a whole needs stays. */
  program(remove: Iterable<Entry>, add: Iterable<Entry>): Promise<Map<Entry, DpuError>> {
    return this.#fxp.sync(remove, [...add, ...this.#fixedEntries()]);
  }

  async #askImc(signal: AbortSignal): Promise<void> {
    const { imc, status } = this.#options;
    try {
      this.#functions = await imc.functions(signal);
      status.set({
        type: 'Imc',
        status: 'True',
        reason: 'Answers',
        message: 'the IMC tells the functions of the card',
      });
    } catch (error) {
      const { code, message } = DpuError.from(error);
      const reason = { UNAUTHENTICATED: 'CredentialsRefused', FAILED_PRECONDITION: 'OtherHostKey' }[code as string];
      if (!signal.aborted) status.set({ type: 'Imc', status: 'False', reason: reason ?? 'NoAnswer', message });
      throw error;
    }
  }

  #roleChanged(): void {
    const { role } = this.#client;
    this.#attempt++;
    if (role.is === 'primary') {
      void this.#getReady(this.#attempt);
      return;
    }
    const reason = role.is === 'backup' ? 'OtherController' : 'NotConnected';
    this.#failed(reason, new DpuError('UNAVAILABLE', role.reason));
  }

  async #getReady(attempt: number): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted && attempt === this.#attempt) {
      try {
        const { name, version } = await this.#fxp.load();
        await this.#findInterfaces(signal);
        const errors = await this.#fxp.sync([], this.#fixedEntries());
        for (const error of errors.values()) throw error;
        if (attempt !== this.#attempt) return;
        this.#fault = undefined;
        this.#tellReady(`P4 program ${name} ${version}`.trim());
        this.#options.onReady();
        this.#firstReady.resolve();
        return;
      } catch (error) {
        if (attempt !== this.#attempt || signal.aborted) return;
        this.#failed('NotProgrammed', DpuError.from(error));
        await this.#options.clock.sleep(retryMs, signal).catch(() => {});
      }
    }
  }

  #failed(reason: string, { message }: DpuError): void {
    const { status, logger } = this.#options;
    if (this.#fault?.message !== message) logger.warn({ reason, message }, 'the card cannot be programmed');
    this.#fault = new DpuError('UNAVAILABLE', message);
    status.set({ type: 'P4Runtime', status: 'False', reason, message });
    status.set({ type: 'Healthy', status: 'False', reason, message });
  }

  #tellReady(program: string): void {
    const { status } = this.#options;
    status.firmware(program);
    const message = `${program} is programmed`;
    status.set({ type: 'P4Runtime', status: 'True', reason: 'Programmed', message });
    status.set({ type: 'Healthy', status: 'True', reason: 'Programmed', message });
  }

  /** The VSIs of the ACC's own interfaces, by their MACs. */
  async #findInterfaces(signal: AbortSignal): Promise<void> {
    const { settings, links } = this.#options;
    const { representors, uplink } = settings;
    const byName = new Map((await links.list()).map((link) => [link.name, link]));
    if (!settings.vsiFromMac) await this.#askImc(signal);
    const find = (name: string, setting: string): Representor => {
      const mac = macOf(byName.get(name), name, setting);
      const vsi = settings.vsiFromMac ? vsiInMac(mac) : this.#functions.get(mac);
      if (vsi !== undefined) return { name, vsi };
      throw new DpuError('UNAVAILABLE', `settings.${setting}: the IMC lists no function with MAC ${mac} of ${name}`);
    };
    const primary = find(uplink.primary, 'uplink.primary');
    const secondary = find(uplink.secondary, 'uplink.secondary');
    this.#available = {
      hosts: representors.hosts.map((name) => find(name, 'representors.hosts')),
      functions: representors.functions.map(([input, output]) => ({
        input: find(input, 'representors.functions'),
        output: find(output, 'representors.functions'),
      })),
    };
    this.#uplink = {
      primary: { vsi: primary.vsi, mac: macOf(byName.get(primary.name), primary.name, 'uplink.primary') },
      secondaryVsi: secondary.vsi,
    };
  }

  /** Says whether the uplink has a link, as that changes. */
  async #followUplink(): Promise<void> {
    const { settings, links, clock, status } = this.#options;
    const { signal } = this.#closing;
    const name = settings.uplink.secondary;
    while (!signal.aborted) {
      const link = await links.find(name).catch(() => undefined);
      if (!signal.aborted) status.link({ name, up: link?.running ?? false });
      await clock.sleep(linkMs, signal).catch(() => {});
    }
  }

  /** What is written whatever is wanted. */
  #fixedEntries(): Entry[] {
    if (!this.#uplink) return lagBypass();
    const port = physicalPortEntries({ port: 0, representorVsi: this.#uplink.secondaryVsi });
    const own = this.#options.settings.uplink.ownNetwork ? primaryNetworkEntries(this.#uplink) : [];
    return [...lagBypass(), ...port, ...own];
  }
}

function macOf(link: Link | undefined, name: string, setting: string): string {
  if (!link) throw new DpuError('UNAVAILABLE', `settings.${setting}: the ACC has no network device ${name}`);
  return link.permanentMac ?? link.mac;
}

/** On older firmware. */
function vsiInMac(mac: string): number {
  return Number.parseInt(mac.slice(3, 5), 16);
}
