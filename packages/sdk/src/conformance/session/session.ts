/** One side of the VSP under test: brings it to the state that a check needs, runs the check, and tidies up. */
import { setTimeout } from 'node:timers/promises';
import type { InitRequest } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';
import type { Sysfs } from '../../linux/pci/sysfs.ts';
import { omitUndefined } from '../../omit-undefined.ts';
import { bridgePortService, heartbeatService, lifeCycleService } from '../../wire/grpc/definitions.ts';
import { bareId } from '../../wire/mapping/names.ts';
import { Breach, Skip } from '../breach.ts';
import type { Check, CheckContext } from '../check.ts';
import type { Group, Mode } from '../groups.ts';
import type { Limits } from '../options.ts';
import { Resources } from '../resources.ts';
import { type CheckResult, type Cleanup, type Failure, type ModeReport, resultOf } from '../result.ts';
import { type Announced, announcedBy, virtualFunctionsOf } from '../target/announced.ts';
import { NodeDevices } from '../target/node-devices.ts';
import type { VspProcess } from '../target/vsp-process.ts';
import { Pulse } from '../vsp/pulse.ts';
import { Vsp } from '../vsp/vsp.ts';
import type { HealthHook } from './health-hook.ts';
import { Ledger } from './ledger.ts';
import { alive, type Incident, pulse, ready, tidy } from './ready.ts';
import { undo } from './undo.ts';

export interface SessionOptions {
  mode: Mode;
  identifier: string;
  socketPath: string;
  /** What serves the socket, where the suite is to start it. */
  process?: VspProcess;
  limits: Limits;
  maxVfs?: number;
  nfMacs?: readonly string[];
  health?: HealthHook;
  carrier?: HealthHook;
  /** The suite may change a VSP that it did not start. */
  disruptive?: boolean;
  freePorts?: readonly string[];
  /** What stands in for `/sys`. */
  sysfs?: Sysfs;
}

/** From the loss of the connection to the end of the process, where that is why. */
const endedMs = 5_000;
/** In which what a call has begun is to fail, if it does. */
const lateFailureMs = 2_000;
/** Groups whose checks end the VSP. */
export const ends: ReadonlySet<Group> = new Set(['restart', 'shutdown']);
/** Between two Inits of a card that is not ready yet. */
const initPauseMs = 500;

export class Session {
  readonly #options: SessionOptions;
  readonly #ledger = new Ledger();
  readonly #node: NodeDevices;
  readonly #cleanup: Cleanup = { removed: 0, left: [] };
  readonly #pulse: Pulse;
  #vsp: Vsp;
  #announced: Announced | undefined;
  #initialised = false;
  /** Why nothing can be checked any more. */
  #broken: string | undefined;
  /** How many devices there were at the start. */
  #vfs: number | undefined;
  /** undefined where the VSP cannot list them. */
  #portsOfOthers: ReadonlySet<string> | undefined = new Set();
  #incidents: CheckResult[] = [];
  #lastCheck = 'its start';
  #hasWaitedForLate = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#node = new NodeDevices(options.sysfs);
    this.#vsp = this.#connect();
    this.#pulse = new Pulse(options.socketPath, options.limits.timeoutMs);
  }

  get #init(): InitRequest {
    return { dpuMode: this.#options.mode === 'dpu', dpuIdentifier: this.#options.identifier };
  }

  /** Whether the VSP is somebody's, who has not said that it may be changed. */
  get #readOnly(): boolean {
    const { process, disruptive } = this.#options;
    return process === undefined && !disruptive;
  }

  /** What went wrong since the last time that is no check's fault. */
  takeIncidents(): CheckResult[] {
    this.#noteDeath();
    const late = this.#pulse.takeLate();
    if (late !== undefined) this.#incident(pulse, late);
    const incidents = this.#incidents;
    this.#incidents = [];
    return incidents;
  }

  async run(check: Check): Promise<CheckResult> {
    if (ends.has(check.group)) await this.#waitForLateFailures();
    const start = performance.now();
    this.#noteDeath();
    this.#pulse.during(check.id);
    const result = (rest: Pick<CheckResult, 'status' | 'reason' | 'failure'>) =>
      resultOf(check, this.#options.mode, { ...rest, durationMs: performance.now() - start });
    if (this.#broken !== undefined) return result({ status: 'skipped', reason: this.#broken });
    const undos: (() => Promise<void>)[] = [];
    try {
      await this.#prepare(check);
    } catch (error) {
      this.#broken = `the VSP does not get ready: ${await this.#textWithEnd(error)}`;
      this.#options.process?.takeDeath();
      this.#incident(ready, this.#broken);
      return result({ status: 'skipped', reason: this.#broken });
    }
    this.#lastCheck = check.id;
    try {
      const context = await this.#contextFor(check, undos);
      await check.run(context);
      return result(this.#ended(check) ?? { status: 'passed' });
    } catch (error) {
      if (error instanceof Skip) return result({ status: 'skipped', reason: error.message });
      const text = await this.#textWithEnd(error);
      return result(this.#ended(check) ?? (await this.#gone(check, error)) ?? this.#failed(check, text));
    } finally {
      await this.#vsp.idle();
      for (const each of undos.reverse()) await each().catch((error) => this.#left(error));
      await this.#tidy();
    }
  }

  /** Leaves the machine as it was found, as far as that is possible. */
  async close(): Promise<ModeReport> {
    const { mode, process } = this.#options;
    await this.#tidy();
    await this.#waitForLateFailures();
    this.#noteDeath();
    // The last check may have left it ended, or not initialised again.
    if (process && this.#announced) await this.#endPlugin(process);
    if (process?.running)
      await process.end('SIGTERM', this.#options.limits.shutdownMs).catch((error) => this.#left(error));
    this.#vsp.close();
    this.#pulse.stop();
    for (const left of (await process?.leftProcesses()) ?? []) this.#incident(tidy, `a process goes on: ${left}`);
    const plugin = this.#announced?.info;
    return { mode, ...(plugin && { plugin }), ...this.#cleanup };
  }

  /** The VSP in the state that the check needs: running, and initialised or not. */
  async #prepare(check: Check): Promise<void> {
    const { process } = this.#options;
    const { fresh, stopped, weighed } = check.needs;
    // The checks for leaks come after those of a fresh one.
    const toBeWeighed = weighed || fresh;
    if (process && !process.running && !(stopped && this.#announced)) await this.#start({ toBeWeighed });
    if (!this.#announced) await this.#meet();
    const isUsed = this.#initialised || this.#vsp.hasInit;
    const isToBegin = (fresh && isUsed) || (weighed && !process?.canBeWeighed);
    if (process?.running && (stopped || isToBegin)) {
      await this.#waitForLateFailures();
      // What the check before this one began may have ended it meanwhile.
      this.#noteDeath();
      if (process.running) await process.end('SIGTERM', this.#options.limits.shutdownMs);
      this.#initialised = false;
      if (isToBegin) await this.#start({ toBeWeighed });
    }
    this.#vsp.takeExchanges();
    if (!this.#initialised && !fresh && !stopped && !this.#readOnly) {
      await this.#initialise();
      await this.#tidy();
    }
    this.#vsp.takeExchanges();
  }

  async #meet(): Promise<void> {
    const process = this.#options.process;
    await this.#vsp.connected(process?.ended ?? new Promise(() => {}));
    await this.#pulse.connected();
    if (process) {
      // Capabilities are known once the plugin is created.
      await this.#initialise();
      return;
    }
    this.#announced = await announcedBy(this.#vsp);
    // Somebody else may have initialised an endpoint. An older image answers whether or not.
    const isInitialised = (await codeOf(this.#vsp.devices())) !== 'FAILED_PRECONDITION';
    if (!isInitialised) return;
    if (this.#readOnly) this.#initialised = true;
    else await this.#initialise();
  }

  async #start({ toBeWeighed = false }: { toBeWeighed?: boolean | undefined } = {}): Promise<void> {
    const { process } = this.#options;
    if (!process) throw new DpuError('FAILED_PRECONDITION', 'the suite did not start this VSP');
    this.#initialised = false;
    process.start({ toBeWeighed });
    this.#vsp.close();
    this.#vsp = this.#connect();
    this.#pulse.reconnect();
    await this.#vsp.connected(process.ended);
    await this.#pulse.connected();
  }

  async #initialise(): Promise<void> {
    await this.#callInit();
    this.#initialised = true;
    const virtualFunctions = await virtualFunctionsOf(this.#vsp);
    this.#announced = { ...(await announcedBy(this.#vsp)), ...(virtualFunctions && { virtualFunctions }) };
    this.#vsp.changeMs = 1_000 * (this.#announced.limits.changeSeconds ?? 0);
    this.#vfs ??= (await this.#vsp.devices()).length;
    if (!this.#options.process) this.#portsOfOthers = await listedPorts(this.#vsp);
  }

  /** As the daemon does: a card that is not ready yet is asked again. */
  async #callInit(): Promise<void> {
    const { process, limits } = this.#options;
    const until = performance.now() + limits.timeoutMs;
    for (;;) {
      try {
        await this.#vsp.call(lifeCycleService.Init, this.#init);
        return;
      } catch (error) {
        const { code, message } = DpuError.from(error);
        if (message.includes('already initialized')) return;
        const goesOn = code === 'UNAVAILABLE' && performance.now() < until && process?.running !== false;
        if (!goesOn) throw new Breach(`Init fails: ${await this.#textWithEnd(error)}`);
      }
      await setTimeout(initPauseMs);
    }
  }

  async #contextFor(check: Check, undos: (() => Promise<void>)[]): Promise<CheckContext> {
    const { mode, limits, process, health, carrier } = this.#options;
    const resources = new Resources(this.#options, {
      announced: this.#announced,
      isInitialised: this.#initialised,
      isReadOnly: this.#readOnly,
      portsOfOthers: this.#portsOfOthers,
    });
    resources.require(check);
    const functions = await resources.functionsFor(check, this.#node, this.#vsp);
    const { maxVfs, announcedMaxVfs } = resources;
    const resizing = this.#announced?.virtualFunctions?.resizing;
    const session = this;
    const missing = (what: string) => () => {
      throw new Skip(`needs ${what}`);
    };
    return {
      get vsp() {
        return session.#vsp;
      },
      mode,
      init: this.#init,
      limits: { ...limits, ports: resources.ports },
      portsToTry: resources.portsToTry,
      ...omitUndefined({ maxVfs, announcedMaxVfs, resizing, carrier }),
      functions,
      node: this.#node,
      health: health ?? { fail: missing('health'), repair: missing('health') },
      get process() {
        return process ?? missing('a VSP that the suite starts')();
      },
      start: async () => {
        await this.#start();
        await this.#initialise();
      },
      startOnly: () => this.#start(),
      inUse: () => resources.inUse,
      capabilities: this.#announced?.capabilities ?? new Set(),
      freePorts: (count) => resources.freePorts(count),
      skip: (reason) => {
        throw new Skip(reason);
      },
      defer: (each) => undos.push(each),
    };
  }

  #failed(check: Check, message: string): Pick<CheckResult, 'status' | 'reason' | 'failure'> {
    const isOlder = this.#announced !== undefined && this.#announced.info === undefined;
    if (isOlder && check.legacy !== undefined) {
      return { status: 'skipped', reason: `legacy: ${check.legacy}; here: ${message}` };
    }
    return { status: 'failed', failure: this.#failure(check, message) };
  }

  #incident(incident: Incident, message: string): void {
    const failure = this.#failure(incident, message);
    this.#incidents.push(resultOf(incident, this.#options.mode, { status: 'failed', durationMs: 0, failure }));
  }

  /** Before the suite ends the VSP for the first time: what a call left behind may fail only now. */
  async #waitForLateFailures(): Promise<void> {
    if (this.#hasWaitedForLate || !this.#options.process?.running) return;
    this.#hasWaitedForLate = true;
    await setTimeout(Math.max(0, lateFailureMs - this.#vsp.quietMs));
    // Once it answers, what was due by now has happened to it, also where the machine let it wait.
    const code = await codeOf(this.#vsp.call(heartbeatService.Ping, { senderId: 'conformance' }));
    if (code === 'UNAVAILABLE') await this.#options.process.endedWithin(endedMs);
  }

  /** A plugin may end its process long after the call that was at fault. */
  #noteDeath(): void {
    const death = this.#options.process?.takeDeath();
    if (death !== undefined) this.#incident(alive, `after ${this.#lastCheck}: ${death}`);
  }

  /** Where the VSP has ended by itself meanwhile: what the check saw of it says nothing else. */
  #ended({ id }: Check): Pick<CheckResult, 'status' | 'reason'> | undefined {
    const death = this.#options.process?.takeDeath();
    if (death === undefined) return undefined;
    this.#incident(alive, `while ${id} ran: ${death}`);
    return { status: 'skipped', reason: 'the VSP ended while it ran' };
  }

  /** Where a VSP that the suite did not start has gone: nothing can be checked any more. */
  async #gone({ id }: Check, error: unknown): Promise<Pick<CheckResult, 'status' | 'reason'> | undefined> {
    if (this.#options.process || !textOf(error).includes('UNAVAILABLE')) return undefined;
    if (await this.#vsp.reachable(endedMs)) return undefined;
    this.#broken = `the VSP does not answer any more, since ${id}: ${textOf(error)}`;
    this.#incident(alive, this.#broken);
    return { status: 'skipped', reason: this.#broken };
  }

  #failure({ demands, document }: Pick<Check, 'demands' | 'document'>, message: string): Failure {
    return { message, demands, document, exchanges: this.#vsp.takeExchanges() };
  }

  /** A VSP that died says why. */
  async #textWithEnd(error: unknown): Promise<string> {
    const { process } = this.#options;
    if (!process || !textOf(error).includes('UNAVAILABLE')) return textOf(error);
    const ended = await process.endedWithin(endedMs);
    return ended === undefined ? textOf(error) : `${textOf(error)}; ${ended}`;
  }

  /** What a VSP that is gone has left stays on the book: its successor is asked to remove it, once there is one. */
  async #tidy(): Promise<void> {
    if (!this.#initialised || this.#options.process?.running === false) return;
    const { removed, left } = await undo(this.#vsp, this.#ledger, this.#vfs ?? 0);
    this.#cleanup.removed += removed;
    this.#cleanup.left.push(...left);
  }

  /** It came with the suite, so what it made on the machine goes with the suite. */
  async #endPlugin(process: VspProcess): Promise<void> {
    try {
      if (!process.running) {
        await this.#start();
        await this.#initialise();
        await this.#tidy();
      }
      const isFixed = this.#announced?.virtualFunctions?.resizing === 'never';
      if (!isFixed) await this.#vsp.setNumVfs(0);
    } catch (error) {
      this.#left(error);
    }
  }

  #left(error: unknown): void {
    this.#cleanup.left.push(textOf(error));
  }

  #connect(): Vsp {
    return new Vsp(this.#options.socketPath, this.#options.limits.timeoutMs, this.#ledger, this.#readOnly);
  }
}

function textOf(error: unknown): string {
  if (error instanceof Breach) return error.message;
  const { code, message } = DpuError.from(error);
  return `${code}: ${message}`;
}

async function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return DpuError.from(error).code;
  }
}

/** undefined where the VSP has no List. */
async function listedPorts(vsp: Vsp): Promise<Set<string> | undefined> {
  const ids = new Set<string>();
  let pageToken = '';
  try {
    do {
      const page = await vsp.call(bridgePortService.ListBridgePorts, { pageToken });
      for (const { name } of page.bridgePorts) ids.add(bareId('bridgePorts', name));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  } catch (error) {
    if (DpuError.from(error).code === 'UNAVAILABLE') throw error;
    return undefined;
  }
  return ids;
}
