/** The example vendor's plugin in its real host, one process a side, in network namespaces that stand for nodes and pods. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { VspClient } from '@dpu-operator/sdk/client';
import { exec, type Link, Links } from '@dpu-operator/sdk/linux';
import pino from 'pino';
import { ensureDebianPackages } from '../cluster/debian.ts';

const root = join(import.meta.dirname, '../..');
/** Both as `make build` has made them. */
export const pluginDirectory = join(root, 'examples/vsp-acme');
export const dpuVsp = join(root, 'packages/sdk/dist/bundle/dpu-vsp.mjs');
/** What its manifest asks for, and no more. */
const privileges = ['--bounding-set=-all,+net_admin', '--inh-caps=-all', '--no-new-privs'];
const logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

export class Netns {
  readonly name: string;
  readonly path: string;
  readonly links: Links;

  constructor(prefix: string, name: string) {
    this.name = `${prefix}-${name}`;
    this.path = `/var/run/netns/${this.name}`;
    this.links = new Links(exec, this.path);
  }

  async create(): Promise<this> {
    await exec('ip', ['netns', 'add', this.name]);
    await this.links.batch(['link set lo up']);
    return this;
  }

  async delete(): Promise<void> {
    if (existsSync(this.path)) await exec('ip', ['netns', 'del', this.name]);
  }

  /** Joins two namespaces with a veth pair, both ends up. */
  async join(device: string, address: string, other: Netns, otherDevice: string, otherAddress: string): Promise<void> {
    await this.links.batch([`link add ${device} type veth peer name ${otherDevice} netns ${other.name}`]);
    await this.up(device, address);
    await other.up(otherDevice, otherAddress);
  }

  async up(device: string, address: string): Promise<void> {
    await this.links.batch([...(address ? [`addr add ${address} dev ${device}`] : []), `link set ${device} up`]);
  }

  run(file: string, ...args: string[]) {
    return exec('nsenter', [`--net=${this.path}`, file, ...args], { allowFailure: true, timeoutMs: 30_000 });
  }

  async reaches(address: string): Promise<boolean> {
    return (await this.run('ping', '-c1', '-W1', address)).exitCode === 0;
  }

  async names(): Promise<string[]> {
    return (await this.links.list()).map((link) => link.name).sort();
  }

  /** What attaching does to a device: into the pod, renamed and raised. Answers it as it is then. */
  async give(device: string, pod: Netns, name: string, address = ''): Promise<Link> {
    await this.links.batch([`link set ${device} netns ${pod.name} name ${name}`]);
    await pod.up(name, address);
    const link = await pod.links.find(name);
    if (!link) throw new Error(`${name} is not in ${pod.name}`);
    return link;
  }
}

/** `dpu-vsp serve` on a node, with the daemon's client. */
export class Vsp implements AsyncDisposable {
  readonly client: VspClient;
  readonly #start: () => ChildProcess;
  #process: ChildProcess | undefined;

  constructor(node: Netns, socketPath: string, ip: string, settings: Record<string, unknown>) {
    const serve = [dpuVsp, 'serve', '--plugin', pluginDirectory, '--socket', socketPath];
    const env = { ...process.env, K8S_NODE: node.name, NODE_IP: ip, DPU_SETTINGS: JSON.stringify(settings) };
    this.#start = () =>
      spawn('nsenter', [`--net=${node.path}`, 'setpriv', ...privileges, process.execPath, ...serve], {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    this.client = new VspClient({ socketPath, logger });
  }

  async start(dpuMode: boolean): Promise<void> {
    const child = this.#start();
    this.#process = child;
    const serving = Promise.withResolvers<void>();
    child.once('exit', (code) => serving.reject(new Error(`the plugin ended with ${code} before it served`)));
    createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
      logger.debug(line);
      if (line.includes('"serving"')) serving.resolve();
    });
    await serving.promise;
    const connected = Promise.withResolvers<void>();
    const stop = this.client.onConnectivity((up) => up && connected.resolve());
    await connected.promise;
    stop();
    await this.client.init({ dpuMode, dpuIdentifier: 'acme-dpu-test' });
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.#process || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill(signal);
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.stop('SIGKILL');
  }
}

/** What is made through this goes with it, and at the next start what a killed run left. */
export class Bed implements AsyncDisposable {
  readonly #namespaces: Netns[] = [];
  readonly #vsps: Vsp[] = [];
  readonly #prefix: string;
  readonly #directory: string;

  constructor(prefix: string, directory: string) {
    this.#prefix = prefix;
    this.#directory = directory;
  }

  /** @param prefix of namespaces; another one in each file, as files run side by side */
  static async create(prefix: string): Promise<Bed> {
    await ensureDebianPackages(console.log, 'network tools for the example plugin', ['iproute2', 'iputils-ping']);
    const { stdout } = await exec('ip', ['netns', 'list']);
    const leftovers = stdout.split('\n').filter((text) => text.startsWith(`${prefix}-`));
    for (const line of leftovers) await exec('ip', ['netns', 'del', line.split(' ')[0] ?? '']);
    return new Bed(prefix, await mkdtemp(join(tmpdir(), `${prefix}-`)));
  }

  netns(name: string): Promise<Netns> {
    const netns = new Netns(this.#prefix, name);
    this.#namespaces.push(netns);
    return netns.create();
  }

  async remove(...names: string[]): Promise<void> {
    const full = names.map((name) => `${this.#prefix}-${name}`);
    const gone = this.#namespaces.filter(({ name }) => full.includes(name));
    for (const netns of gone) await netns.delete();
  }

  async vsp(name: string, node: Netns, ip: string, settings: Record<string, unknown>): Promise<Vsp> {
    const directory = join(this.#directory, name);
    await mkdir(directory);
    const vsp = new Vsp(node, join(directory, 'vsp.sock'), ip, settings);
    this.#vsps.push(vsp);
    return vsp;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const vsp of this.#vsps) await vsp[Symbol.asyncDispose]();
    for (const netns of this.#namespaces) await netns.delete();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
