/** What the harness does with a plugin, step by step, and takes back at the end. */
import { DpuError } from '@dpu-operator/sdk';
import { outside, pods } from '../machine/addresses.ts';
import { AttachedPods } from '../machine/attached-pods.ts';
import type { Topology } from '../machine/topology.ts';
import type { Report } from '../report/report.ts';
import type { SideDevice } from '../sides/protocol.ts';
import type { SideProcess } from '../sides/side-process.ts';
import { WithoutPods } from './without-pods.ts';

export interface ScenarioOptions {
  sides: { host: SideProcess; dpu: SideProcess };
  topology: Topology;
  report: Report;
  /** No further step is begun once it is aborted. */
  signal: AbortSignal;
}

const podNetwork = 'default-sriov-net';
const functionNetwork = 'dpunfcni-conf';
/** Seconds that a ping is repeated for until one is answered. */
const pingSeconds = 15;

/** For the ports of a host side whose card is not in this machine. */
const madeUpDevices: readonly SideDevice[] = [0, 1].map((vf) => {
  return { id: 'a made-up device', healthy: true, pf: 0, vf, isNetdev: false };
});

export class Scenario {
  readonly #options: ScenarioOptions;
  readonly #pods: AttachedPods;
  readonly #withoutPods: WithoutPods;
  #capabilities: readonly string[] | null = null;
  #lacksDevices = false;

  constructor(options: ScenarioOptions) {
    this.#options = options;
    this.#pods = new AttachedPods(options.sides, options.topology);
    this.#withoutPods = new WithoutPods(options.sides, (name, work) => this.#step(name, work));
  }

  async run(): Promise<void> {
    if (!(await this.#ready())) return;
    await this.#attachPods();
    await this.#pingPods();
    await this.#addFunctions();
  }

  /** After the VSPs were started anew: the daemons tell them everything again. */
  async runAgain(): Promise<void> {
    if (!(await this.#ready())) return;
    // A change may have brought what was missing at first.
    if (this.#pods.isEmpty && (this.#withoutPods.isEmpty || this.#lacksDevices)) {
      await this.#withoutPods.undo();
      await this.#attachPods();
      return this.#addFunctions();
    }
    if (!this.#pods.has('function')) await this.#pingPods();
    await this.#pingOutside();
  }

  /** Gives everything back and ends both VSPs, whatever was done before. */
  async finish(): Promise<void> {
    const { sides } = this.#options;
    if (!this.#pods.isEmpty) await this.#always('detach', async () => names(await this.#pods.detach()));
    if (!this.#withoutPods.isEmpty) await this.#always('delete', () => this.#withoutPods.undo());
    for (const side of ['host', 'dpu'] as const) {
      await this.#always(`${side} side ends and leaves nothing behind`, async () => {
        const { exitCode, links, processes } = await sides[side].call('stop', null);
        const left = [...links.map((name) => `link ${name}`), ...processes.map((name) => `process ${name}`)];
        if (exitCode === null) throw new DpuError('INTERNAL', 'its VSP did not run any more, or had to be killed');
        if (exitCode !== 0) throw new DpuError('INTERNAL', `the VSP ended with exit code ${exitCode}`);
        if (left.length > 0)
          throw new DpuError('INTERNAL', `after SetNumVfs(0) and SIGTERM there still is ${names(left)}`);
        return '';
      });
    }
  }

  async #ready(): Promise<boolean> {
    const { sides } = this.#options;
    // The host side's daemon connects to that of the DPU side.
    for (const side of ['dpu', 'host'] as const) {
      const passed = await this.#step(`${side} side is Ready`, async () => {
        const { ready, message } = await sides[side].call('ready', null);
        if (!ready) throw new DpuError('FAILED_PRECONDITION', message);
        return message;
      });
      if (!passed) return false;
    }
    this.#capabilities = await sides.dpu.call('capabilities', null);
    if (this.#capabilities) this.#options.report.say(`the plugin announces ${names(this.#capabilities)}`);
    return true;
  }

  async #attachPods(): Promise<void> {
    const { sides, report, topology } = this.#options;
    const step = 'attach two pods';
    if (!this.#announces('bridge')) return report.skipped(step, 'the plugin has no bridge contract');
    const devices = await sides.host.call('devices', null);
    const [first, second] = devices.filter(({ healthy }) => healthy);
    if (!first || !second) {
      const count = `the host side has ${devices.length} devices, of which two must be healthy`;
      report.skipped(step, `${count}: see the setting that makes more, and --host-settings`);
      this.#lacksDevices = true;
      return this.#withoutPods.addPorts(madeUpDevices);
    }
    this.#lacksDevices = false;
    if (!first.isNetdev || !second.isNetdev) {
      report.skipped(step, `${first.id} and ${second.id} are no netdevs of the host side's namespace`);
      return this.#withoutPods.addPorts([first, second]);
    }
    const pairs = [
      ['pod1', first],
      ['pod2', second],
    ] as const;
    for (const [place, device] of pairs) {
      await this.#step(`attach ${place}`, async () => {
        await this.#pods.attach({ side: 'host', place, ifName: 'net1', network: podNetwork, device });
        const toOutside = [`${outside.network} via ${pods.function} dev net1`];
        await topology.address(place, 'net1', pods[place], toOutside);
        return `${device.id} is its net1, ${pods[place]}`;
      });
    }
  }

  async #pingPods(): Promise<void> {
    if (!this.#pods.has('pod1') || !this.#pods.has('pod2')) return;
    await this.#step('ping from pod1 to pod2', () => this.#ping(pods.pod2));
  }

  /** First one by itself, then that one behind another in a chain. */
  async #addFunctions(): Promise<void> {
    const { report, sides } = this.#options;
    const [single, chain] = [this.#announces('networkFunctions'), this.#announces('chains')];
    const step = 'chain a network function';
    if (!single && !chain) {
      return report.skipped(step, 'the plugin has neither the networkFunctions nor the chains contract');
    }
    const devices = (await sides.dpu.call('devices', null)).filter(({ healthy }) => healthy);
    const problem = this.#whyNoFunction(devices);
    if (problem !== undefined) {
      report.skipped(step, problem);
      if (single) await this.#withoutPods.addFunction();
      if (chain) await this.#withoutPods.addChain();
      return;
    }
    if (single) {
      await this.#step(step, () => this.#attachRouter(devices));
      await this.#pingOutside();
    }
    await this.#addChain(chain, devices);
  }

  async #addChain(isServed: boolean, devices: readonly SideDevice[]): Promise<void> {
    const { report, sides, topology } = this.#options;
    const step = 'order two network functions in a chain';
    if (!isServed) return report.skipped(step, 'the plugin does not serve chains');
    const [, , first, second] = devices;
    if (!first || !second) {
      return report.skipped(step, `the DPU side has ${devices.length} healthy devices, of which it takes four`);
    }
    await this.#step(step, async () => {
      await this.#pods.detach('function');
      await sides.dpu.call('setChain', { functions: ['bridge', 'function'] });
      await this.#attachFunction('bridge', [first, second]);
      await topology.bridge('bridge', 'net1', 'net2');
      const router = await this.#attachRouter(devices);
      return `one that bridges between ${first.id} and ${second.id}, then: ${router}`;
    });
    await this.#pingOutside();
  }

  #whyNoFunction([first, second]: readonly SideDevice[]): string | undefined {
    const what = first && second ? `${first.id} and ${second.id} are no` : 'it takes two healthy';
    return first?.isNetdev && second?.isNetdev ? undefined : `${what} netdevs of the DPU side's namespace`;
  }

  async #attachRouter(devices: readonly SideDevice[]): Promise<string> {
    const { topology } = this.#options;
    const [input, output] = await this.#attachFunction('function', devices);
    await topology.address('function', 'net1', pods.function);
    await topology.address('function', 'net2', outside.function);
    return `${input} is its input, ${output} its output; it routes from ${pods.network} to ${outside.network}`;
  }

  async #attachFunction(place: 'function' | 'bridge', devices: readonly SideDevice[]): Promise<string[]> {
    const pair = devices.slice(0, 2);
    for (const [index, device] of pair.entries()) {
      await this.#pods.attach({ side: 'dpu', place, ifName: `net${index + 1}`, network: functionNetwork, device });
    }
    return pair.map(({ id }) => id);
  }

  async #pingOutside(): Promise<void> {
    if (!this.#pods.has('pod1') || !this.#pods.has('function')) return;
    const way = this.#pods.has('bridge') ? 'both functions of the chain' : 'the network function';
    await this.#step(`ping from pod1 through ${way} to the outside`, () => this.#ping(outside.client));
  }

  async #ping(address: string): Promise<string> {
    const ping = ['ping', '-c', '1', '-w', `${pingSeconds}`, address];
    const { exitCode, stdout, stderr } = await this.#options.topology.run('pod1', ping);
    const time = /time=([\d.]+ ms)/.exec(stdout)?.[1];
    if (exitCode === 0 && time) return `${address} answers after ${time}`;
    const detail = stderr.trim() || 'no answer';
    throw new DpuError('UNAVAILABLE', `${address}: ${detail} within ${pingSeconds} s`);
  }

  /** A VSP that cannot tell is taken to have everything. */
  #announces(capability: string): boolean {
    return this.#capabilities?.includes(capability) ?? true;
  }

  async #step(name: string, work: () => Promise<string>): Promise<boolean> {
    const { signal } = this.#options;
    if (signal.aborted) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const onAbort = () => resolve(false);
    signal.addEventListener('abort', onAbort, { once: true });
    void this.#always(name, work).then(resolve);
    const passed = await promise;
    signal.removeEventListener('abort', onAbort);
    return passed;
  }

  async #always(name: string, work: () => Promise<string>): Promise<boolean> {
    try {
      this.#options.report.passed(name, await work());
      return true;
    } catch (error) {
      this.#options.report.failed(name, DpuError.from(error).message);
      return false;
    }
  }
}

const names = (list: readonly string[]): string => list.join(', ') || 'nothing';
