/**
 * The card as the ACC reaches it: the tables of the FXP by P4Runtime, and the interfaces that stand for ports elsewhere. It
 * comes and goes: whenever the tables can be written (again), what is written once is, and `onReady` tells that the rest is
 * to be.
 */
import { type Clock, DpuError, type Logger, type Platform, Serial, type StatusReporter } from '@dpu-operator/sdk';
import { type LinkChange, watchLinks } from '@dpu-operator/sdk/linux';
import { macOf } from '../interfaces/device-health.ts';
import type { CardFunctions } from '../interfaces/functions.ts';
import type { Available, Representor } from '../interfaces/placement.ts';
import { P4Client } from '../p4rt/client.ts';
import type { Entry } from '../p4rt/program.ts';
import { Pause } from '../pause.ts';
import type { Settings } from '../settings.ts';
import { lagBypass, lagRoot, type PrimaryNetwork, physicalPortEntries, primaryNetworkEntries } from './entries.ts';
import { Fxp } from './fxp.ts';

export interface CardOptions {
  settings: Settings;
  functions: CardFunctions;
  links: Platform['links'];
  clock: Clock;
  status: StatusReporter;
  logger: Logger;
  /** The tables can be written, and may hold none of what was written before. */
  onReady: () => void;
}

/** Milliseconds until the server is asked again whether its program is the one that was written into. Nobody tells. */
const lookMs = 10_000;
/** Milliseconds that the start waits for the card: what is asked for next is then not refused. */
const patienceMs = 10_000;

export class Card {
  readonly #fxp: Fxp;
  readonly #options: CardOptions;
  readonly #client: P4Client;
  readonly #closing = new AbortController();
  readonly #pause: Pause;
  readonly #uplinkLooks = new Serial();
  /** Why the tables cannot be written; undefined when they can. */
  #fault: DpuError | undefined = new DpuError('UNAVAILABLE', 'the card is not ready yet');
  #available: Available = { hosts: [], functions: [] };
  #uplink: PrimaryNetwork | undefined;
  /** Indexes of the interfaces in use, by name. */
  #indexes: ReadonlyMap<string, number> = new Map();
  readonly #firstReady = Promise.withResolvers<void>();
  /** Counts what makes an attempt to get ready void. */
  #attempt = 0;

  constructor(options: CardOptions) {
    const { settings, clock, logger } = options;
    this.#options = options;
    this.#pause = new Pause(clock);
    this.#client = new P4Client({ ...settings.p4runtime, clock, logger, onRole: () => this.#roleChanged() });
    this.#fxp = new Fxp(this.#client);
  }

  /**
   * Connects. Returns when the tables can be written, and at the latest after some seconds: a card that is away comes later.
   *
   * @param signal ends the wait
   */
  async start(signal: AbortSignal): Promise<void> {
    const { clock, links } = this.#options;
    this.#client.start();
    watchLinks((change) => this.#linkChanged(change), {
      signal: this.#closing.signal,
      onRestart: () => this.lookAgain(),
      ...(links.netns !== undefined && { netns: links.netns }),
    });
    void this.#reportUplink();
    void this.#followProgram();
    const patience = clock.sleep(patienceMs, AbortSignal.any([signal, this.#closing.signal])).catch(() => {});
    await Promise.race([this.#firstReady.promise, patience]);
  }

  close(): void {
    this.#closing.abort();
    this.#client.close();
  }

  /** There is reason to believe that what was in the way is gone. */
  lookAgain(): void {
    this.#pause.end();
    void this.#reportUplink();
  }

  /** @throws DpuError UNAVAILABLE with what is in the way */
  requireReady(): void {
    if (this.#fault) throw this.#fault;
  }

  get isReady(): boolean {
    return this.#fault === undefined;
  }

  /** The interfaces of the ACC that stand for ports. */
  get available(): Available {
    return this.#available;
  }

  /**
   * Takes entries out and puts others in, as {@link Fxp.sync} does. What the card as a whole needs stays.
   *
   * @throws DpuError UNAVAILABLE also where the card's program has been replaced: everything is programmed anew then
   */
  async program(remove: Iterable<Entry>, add: Iterable<Entry>): Promise<Map<Entry, DpuError>> {
    const attempt = this.#attempt;
    const errors = await this.#fxp.sync(remove, [...add, ...this.#fixedEntries()]).catch((error) => error as DpuError);
    if (!(errors instanceof Error) && errors.size === 0) return errors;
    await this.#look();
    if (attempt !== this.#attempt) this.requireReady();
    if (errors instanceof Error) throw errors;
    return errors;
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

  /** Programs the card as if nothing was known of it. */
  #startAnew(why: string): void {
    this.#attempt++;
    this.#failed('NotProgrammed', new DpuError('UNAVAILABLE', why));
    void this.#getReady(this.#attempt);
  }

  async #getReady(attempt: number): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 1; !signal.aborted && attempt === this.#attempt; failures++) {
      try {
        const { name, version } = await this.#fxp.load();
        await this.#findInterfaces(signal);
        const errors = await this.#fxp.sync([], this.#fixedEntries());
        for (const error of errors.values()) throw error;
        if (attempt !== this.#attempt) return;
        this.#fault = undefined;
        this.#reportReady(`P4 program ${name} ${version}`.trim());
        this.#options.onReady();
        this.#firstReady.resolve();
        return;
      } catch (error) {
        if (attempt !== this.#attempt || signal.aborted) return;
        this.#failed('NotProgrammed', DpuError.from(error));
        await this.#pause.wait(failures, signal);
      }
    }
  }

  async #followProgram(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#options.clock.sleep(lookMs, signal).catch(() => {});
      if (!signal.aborted) await this.#look();
    }
  }

  /** A server that does not answer is told of by {@link P4Client.role}. */
  async #look(): Promise<void> {
    const attempt = this.#attempt;
    const { isReady } = this;
    const isIntact = await this.#fxp.isIntact(lagRoot).catch(() => true);
    if (!isReady || isIntact || attempt !== this.#attempt || this.#closing.signal.aborted) return;
    this.#startAnew('the P4 program of the card was loaded anew: it is being programmed');
  }

  #linkChanged({ name, index, deleted }: LinkChange): void {
    if (name === this.#options.settings.uplink.secondary) void this.#reportUplink();
    if (this.#fault) {
      this.#pause.end();
      return;
    }
    const known = this.#indexes.get(name);
    if (deleted || known === undefined || known === index) return;
    this.#startAnew(`the network device ${name} of the ACC was made anew: the card is being programmed`);
  }

  #failed(reason: string, { message }: DpuError): void {
    const { status, logger } = this.#options;
    if (this.#fault?.message !== message) logger.warn({ reason, message }, 'the card cannot be programmed');
    this.#fault = new DpuError('UNAVAILABLE', message);
    status.set({ type: 'P4Runtime', status: 'False', reason, message });
    status.set({ type: 'Healthy', status: 'False', reason, message });
  }

  #reportReady(program: string): void {
    const { status } = this.#options;
    status.firmware(program);
    const message = `${program} is programmed`;
    status.set({ type: 'P4Runtime', status: 'True', reason: 'Programmed', message });
    status.set({ type: 'Healthy', status: 'True', reason: 'Programmed', message });
  }

  /** The VSIs of the ACC's own interfaces, by their MACs. */
  async #findInterfaces(signal: AbortSignal): Promise<void> {
    const { settings, links, functions } = this.#options;
    const { representors, uplink } = settings;
    const byName = new Map((await links.list()).map((link) => [link.name, link]));
    await functions.ask(signal);
    const indexes = new Map<string, number>();
    const find = (name: string, setting: string): Representor & { mac: string } => {
      const link = byName.get(name);
      if (!link) throw new DpuError('UNAVAILABLE', `settings.${setting}: the ACC has no network device ${name}`);
      const mac = macOf(link);
      const vsi = functions.vsiOf(mac);
      indexes.set(name, link.index);
      if (vsi !== undefined) return { name, vsi, mac };
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
    this.#uplink = { primary, secondaryVsi: secondary.vsi };
    this.#indexes = indexes;
  }

  /** Says whether the uplink has a link. */
  #reportUplink(): Promise<void> {
    const { settings, links, status } = this.#options;
    const name = settings.uplink.secondary;
    return this.#uplinkLooks.run(async () => {
      const link = await links.find(name).catch(() => undefined);
      if (!this.#closing.signal.aborted) status.link({ name, up: link?.running ?? false });
    });
  }

  /** What is written whatever is wanted. */
  #fixedEntries(): Entry[] {
    if (!this.#uplink) return lagBypass();
    const port = physicalPortEntries({ port: 0, representorVsi: this.#uplink.secondaryVsi });
    const own = this.#options.settings.uplink.ownNetwork ? primaryNetworkEntries(this.#uplink) : [];
    return [...lagBypass(), ...port, ...own];
  }
}
