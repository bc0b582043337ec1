/** The example vendor's plugin in its real host, one process a side, in network namespaces that stand for nodes and pods. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { VspClient } from '@dpu-operator/sdk/client';
import pino from 'pino';
import { Namespaces, type Netns } from '../../support/network/netns.ts';
import { installPrograms } from '../../support/programs/programs.ts';

const root = join(import.meta.dirname, '../../..');
/** Both as `make build` has made them. */
export const pluginDirectory = join(root, 'examples/vsp-acme');
export const dpuVsp = join(root, 'packages/sdk/dist/bundle/dpu-vsp.mjs');
/** What its manifest asks for, and no more. */
const privileges = ['--bounding-set=-all,+net_admin', '--inh-caps=-all', '--no-new-privs'];
const logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

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
export class AcmeFixture extends Namespaces {
  readonly #vsps: Vsp[] = [];
  readonly #directory: string;

  constructor(prefix: string, directory: string) {
    super(prefix);
    this.#directory = directory;
  }

  /** @param prefix of namespaces; another one in each file, as files run side by side */
  static async create(prefix: string): Promise<AcmeFixture> {
    await installPrograms();
    const fixture = new AcmeFixture(prefix, await mkdtemp(join(tmpdir(), `${prefix}-`)));
    await fixture.deleteLeftovers();
    return fixture;
  }

  async vsp(name: string, node: Netns, ip: string, settings: Record<string, unknown>): Promise<Vsp> {
    const directory = join(this.#directory, name);
    await mkdir(directory);
    const vsp = new Vsp(node, join(directory, 'vsp.sock'), ip, settings);
    this.#vsps.push(vsp);
    return vsp;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    for (const vsp of this.#vsps) await vsp[Symbol.asyncDispose]();
    await super[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
