/**
 * A node for attaching: real network namespaces, veth ends as virtual functions, the real `dpu-cni` and CNI server. Only
 * the DPU's data path is a recorder. Run by vitest and, for the benchmark, by Node itself.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AttachEngine,
  type AttachEngineOptions,
  AttachmentStore,
  type DataPath,
  DeviceHomes,
  type DpuIndex,
  type Side,
  there,
  unknown,
} from '@dpu-operator/core/daemon/attach';
import { CniServer } from '@dpu-operator/core/daemon/cni-server';
import type { NetworkFunction } from '@dpu-operator/sdk';
import { exec, type Link, Links } from '@dpu-operator/sdk/linux';
import { pino } from 'pino';
import { goPrograms, goRecipes } from '../../../cluster/node-image/go-programs.ts';

const root = join(import.meta.dirname, '../../../..');
/** As `make build` has made it. */
export const dpuCni = join(root, `packages/cni/dist/linux-${process.arch}/dpu-cni`);

/** The reference CNI plugins: the machine's own, or those of the test cluster's node image, built on first use. */
export const pluginDirectory = existsSync('/opt/cni/bin/host-local')
  ? '/opt/cni/bin'
  : await goPrograms(console.error, goRecipes.cni);

export interface CniAnswer {
  exitCode: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever the program printed
  output: any;
}

/** Records what a DPU is told, and has what it was told. */
export class RecordingDataPath implements DataPath {
  readonly ports = new Map<string, { macAddress: string; logicalBridges: string[] }>();
  readonly functions: NetworkFunction[] = [];
  /** Thrown by the next calls. */
  fails: Error | undefined;

  async createBridgePort({ name, macAddress, logicalBridges }: Parameters<DataPath['createBridgePort']>[0]) {
    if (this.fails) throw this.fails;
    this.ports.set(name, { macAddress, logicalBridges });
  }

  async deleteBridgePort(name: string) {
    if (this.fails) throw this.fails;
    this.ports.delete(name);
  }

  async createNetworkFunction(nf: NetworkFunction) {
    if (this.fails) throw this.fails;
    this.functions.push(nf);
  }

  async deleteNetworkFunction(nf: NetworkFunction) {
    if (this.fails) throw this.fails;
    const index = this.functions.findIndex(({ input, output }) => input === nf.input && output === nf.output);
    if (index >= 0) this.functions.splice(index, 1);
  }
}

export interface Daemon {
  engine: AttachEngine;
  store: AttachmentStore;
  stop(): Promise<void>;
  /** Without waiting for what runs. */
  kill(): void;
}

export class AttachFixture {
  /** Device and namespace names of runs side by side must not meet; 15 bytes are all there is. */
  readonly prefix: string;
  readonly directory: string;
  readonly dataPath: RecordingDataPath;
  readonly devices: string[] = [];
  side: Side = 'host';
  /** Whether a DPU is ready. */
  ready = true;
  /** How many {@link AttachFixture.addPod} has made, for names of other namespaces. */
  podCount = 0;
  readonly #namespaces = new Set<string>();

  constructor(prefix: string, options: { dataPath?: RecordingDataPath; directory?: string } = {}) {
    this.dataPath = options.dataPath ?? new RecordingDataPath();
    this.directory = options.directory ?? mkdtempSync(join(tmpdir(), 'attach-'));
    this.prefix = `${prefix}${process.pid % 100_000}`;
  }

  get stateDirectory(): string {
    return join(this.directory, 'state');
  }

  get ipamDirectory(): string {
    return join(this.directory, 'ipam');
  }

  /** Addresses by the reference plugin. */
  get hostLocal() {
    return { type: 'host-local', dataDir: this.ipamDirectory, ranges: [[{ subnet: '10.9.0.0/24' }]] };
  }

  device(index = 0): string {
    return this.devices[index] ?? '';
  }

  get socketPath(): string {
    return join(this.directory, 'cni', 'server.sock');
  }

  readonly dpus: DpuIndex = {
    find: (deviceId) => {
      const vf = this.devices.indexOf(deviceId);
      return this.ready && vf >= 0 ? { ...this.#entry, pf: 0, vf } : undefined;
    },
    locate: (deviceId) => this.dpus.find(deviceId),
    dpu: (name) => (this.ready && name === this.#entry.dpuName ? this.#entry : undefined),
    dpuSide: () => undefined,
    presence: (name) => {
      const dpu = this.dpus.dpu(name);
      return dpu ? there(dpu) : unknown('it is not ready');
    },
    list: () => (this.ready ? [this.#entry] : []),
  };

  get #entry() {
    return { dpuName: 'dpu-under-test', side: this.side, dataPath: this.dataPath };
  }

  async addDevices(count: number): Promise<void> {
    const first = this.devices.length;
    for (let vf = first; vf < first + count; vf += 1) {
      this.devices.push(`${this.prefix}v${vf}`);
      await this.restoreDevice(vf);
    }
  }

  /** Makes a device (again). The kernel ends a namespace in its own time: what is left of the old one is removed first. */
  async restoreDevice(vf: number): Promise<void> {
    const name = this.device(vf);
    const mac = `02:aa:00:00:${hex(vf >> 8)}:${hex(vf & 255)}`;
    await exec('ip', ['link', 'del', `${name}p`], { allowFailure: true });
    await exec('ip', ['link', 'add', name, 'address', mac, 'type', 'veth', 'peer', 'name', `${name}p`]);
    await exec('ip', ['link', 'set', `${name}p`, 'up']);
  }

  /** The namespace of another pod. */
  addPod(): Promise<string> {
    this.podCount += 1;
    return this.addNamespace(`p${this.podCount}`);
  }

  async addNamespace(name: string): Promise<string> {
    const full = `${this.prefix}-${name}`;
    await exec('ip', ['netns', 'add', full]);
    this.#namespaces.add(full);
    return `/var/run/netns/${full}`;
  }

  async deleteNamespace(path: string): Promise<void> {
    const name = path.slice('/var/run/netns/'.length);
    this.#namespaces.delete(name);
    await exec('ip', ['netns', 'del', name]);
  }

  /** A daemon as far as attaching goes; its state is what the last one left. */
  async start(options: Partial<AttachEngineOptions> = {}): Promise<Daemon> {
    const logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' });
    const store = options.store ?? new AttachmentStore({ directory: this.stateDirectory, logger });
    const homes = new DeviceHomes({ directory: join(this.directory, 'homes'), logger });
    const engine = new AttachEngine({ homes, index: this.dpus, exec, logger, ...options, store });
    const stopping = new AbortController();
    await engine.recover();
    engine.watch(stopping.signal);
    const server = new CniServer({ engine, socketPath: this.socketPath, logger });
    await server.start();
    const stop = async () => {
      stopping.abort();
      await server.close();
      engine.close();
    };
    const kill = () => {
      stopping.abort();
      void server.close(0);
      engine.close();
    };
    return { engine, store, stop, kill };
  }

  /** A daemon as it is at first, and the namespace of a pod. */
  async startWithPod(): Promise<{ daemon: Daemon; netns: string }> {
    const netns = await this.addPod();
    return { daemon: await this.start(), netns };
  }

  /** Gives back what its pods have, and ends it. */
  async release({ engine, store, stop }: Daemon): Promise<void> {
    this.dataPath.fails = undefined;
    this.ready = true;
    this.side = 'host';
    for (const record of store.list()) await engine.del(record);
    await stop();
  }

  /** What a container runtime does. */
  cni(command: string, parameters: Partial<CniParameters> = {}): Promise<CniAnswer> {
    const { container = 'pod1', ifName = 'net1', netns, args, config, signal } = parameters;
    const env = {
      PATH: process.env.PATH ?? '',
      DPU_CNI_SOCKET: this.socketPath,
      CNI_COMMAND: command,
      CNI_CONTAINERID: container,
      CNI_IFNAME: ifName,
      ...(netns !== undefined && { CNI_NETNS: netns }),
      ...(args !== undefined && { CNI_ARGS: args }),
      CNI_PATH: this.pluginPath,
    };
    const stdin = JSON.stringify({ cniVersion: '1.0.0', name: 'net', type: 'dpu-cni', ...config });
    return runCni(env, stdin, signal);
  }

  pluginPath = pluginDirectory;

  link(name: string): Promise<Link | undefined> {
    return new Links(exec).find(name);
  }

  linkIn(netns: string, name: string): Promise<Link | undefined> {
    return new Links(exec, netns).find(name);
  }

  async close(): Promise<void> {
    for (const name of this.#namespaces) await exec('ip', ['netns', 'del', name], { allowFailure: true });
    for (const name of this.devices) await exec('ip', ['link', 'del', `${name}p`], { allowFailure: true });
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface CniParameters {
  container: string;
  ifName: string;
  netns: string;
  args: string;
  config: Record<string, unknown>;
  /** Kills the program. */
  signal: AbortSignal;
}

function runCni(env: Record<string, string>, stdin: string, signal: AbortSignal | undefined): Promise<CniAnswer> {
  return new Promise((resolve, reject) => {
    const child = spawn(dpuCni, [], { env, stdio: ['pipe', 'pipe', 'inherit'], signal, killSignal: 'SIGKILL' });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ exitCode: code ?? -1, output: text.trim() === '' ? undefined : JSON.parse(text) });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
  });
}

const hex = (value: number): string => value.toString(16).padStart(2, '0');
