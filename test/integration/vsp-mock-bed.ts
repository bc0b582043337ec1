/** Network namespaces that stand for nodes, pods and the outside, and the software DPU working in them in its real host. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { IpPort, Platform } from '@dpu-operator/sdk';
import { VspClient } from '@dpu-operator/sdk/client';
import { servePlugin } from '@dpu-operator/sdk/host';
import {
  type Exec,
  type ExecResult,
  endStaleOvs,
  exec,
  type ForwardingEntry,
  type Link,
  Links,
  linuxPlatform,
  NetlinkLinks,
  OpenVSwitch,
  parseForwardingTable,
} from '@dpu-operator/sdk/linux';
import { parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { createSoftwareDpu } from '@dpu-operator/vsp-mock';
import pino from 'pino';
import { eventually } from '../support/eventually.ts';
import { installPrograms } from '../support/programs.ts';

const logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

/** One side, and the daemon's client for it. */
export interface ServedSide {
  client: VspClient;
  init(): Promise<IpPort | 'already-initialized'>;
  /** As SIGTERM does. */
  close(): Promise<void>;
}

const packageJson = join(import.meta.dirname, '../../packages/vsp-mock/package.json');
/** Milliseconds. No test is about it, and machines may be busy. */
const deadlineMs = 120_000;

/** For deletions of what must be there. */
export const present = { allowMissing: false };

export class Netns {
  readonly name: string;
  readonly path: string;
  readonly links: Links;

  constructor(name: string, prefix: string) {
    this.name = `${prefix}-${name}`;
    this.path = `/var/run/netns/${this.name}`;
    this.links = new Links(exec, this.path);
  }

  async create(): Promise<this> {
    // The kernel makes one at a time, and waits for those that it takes down.
    await exec('ip', ['netns', 'add', this.name], { timeoutMs: 60_000 });
    await this.links.batch(['link set lo up']);
    return this;
  }

  async delete(): Promise<void> {
    if (existsSync(this.path)) await exec('ip', ['netns', 'del', this.name]);
  }

  /** Runs programs here in the place of this process. */
  get exec(): Exec {
    return (file, args, options) => exec('nsenter', [`--net=${this.path}`, file, ...args], options);
  }

  run(file: string, args: readonly string[], allowFailure = false): Promise<ExecResult> {
    return exec('nsenter', [`--net=${this.path}`, file, ...args], { allowFailure });
  }

  /** Joins two namespaces with a veth pair, both ends up. */
  async join(device: string, address: string, other: Netns, otherDevice: string, otherAddress: string): Promise<void> {
    await this.links.batch([`link add ${device} type veth peer name ${otherDevice} netns ${other.name}`]);
    await this.up(device, address);
    await other.up(otherDevice, otherAddress);
  }

  async up(device: string, ...addresses: string[]): Promise<void> {
    const given = addresses.filter(Boolean).map((address) => `addr add ${address} dev ${device}`);
    await this.links.batch([...given, `link set ${device} up`]);
    // Its peer's userspace switch reads checksums as they are.
    await this.run('ethtool', ['-K', device, 'tx', 'off']);
  }

  /** Nothing but what a test sends: no IPv6, with which the kernel talks by itself. */
  async quiet(): Promise<void> {
    for (const each of ['all', 'default']) await this.run('sysctl', ['-qw', `net.ipv6.conf.${each}.disable_ipv6=1`]);
  }

  async reaches(address: string): Promise<boolean> {
    const { exitCode } = await this.run('ping', ['-c1', '-W1', address], true);
    return exitCode === 0;
  }

  async names(): Promise<string[]> {
    return (await this.links.list()).map((link) => link.name).sort();
  }
}

/** Namespaces made through this are deleted with it, and those of a killed run at its start. */
export class Bed implements AsyncDisposable {
  readonly #namespaces: Netns[] = [];
  readonly #sides = new Set<ServedSide>();
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** @param prefix of namespaces and the run directory; another one in each file, as files run side by side */
  static async create(prefix: string): Promise<Bed> {
    await installPrograms();
    const { stdout } = await exec('ip', ['netns', 'list']);
    for (const line of stdout.split('\n').filter((text) => text.startsWith(`${prefix}-`))) {
      await exec('ip', ['netns', 'del', line.split(' ')[0] ?? '']);
    }
    const bed = new Bed(prefix);
    for (const directory of await bed.switchDirectories()) await endStaleOvs(directory);
    for (const directory of [`/run/${prefix}`, `/run/${prefix}-state`])
      await rm(directory, { recursive: true, force: true });
    return bed;
  }

  async netns(name: string): Promise<Netns> {
    const netns = new Netns(name, this.#prefix);
    this.#namespaces.push(netns);
    return netns.create();
  }

  /**
   * One side of a software DPU, before its Init. Started anew, it finds again what it kept in its state directory.
   *
   * @param run its programs, in the node's place, links among them. Default: the node's, and links by netlink
   */
  async side(side: 'host' | 'dpu', node: Netns, ip: string, settings: object, run?: Exec): Promise<ServedSide> {
    const directory = `/run/${this.#prefix}-state/${node.name}-${side}`;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const socketPath = join(directory, 'vsp.sock');
    const server = await servePlugin({
      plugin: { create: (context) => createSoftwareDpu(context, node.path) },
      manifest: parsePluginManifest(JSON.parse(await readFile(packageJson, 'utf8'))),
      settings,
      node: { name: node.name, ip },
      logger,
      socketPath,
      platform: this.#platform(node, run),
    });
    const client = new VspClient({ socketPath, logger, deadlineMs });
    const connected = Promise.withResolvers<void>();
    const unwatch = client.onConnectivity((isConnected) => isConnected && connected.resolve());
    await connected.promise;
    unwatch();
    const served = {
      client,
      init: () => client.init({ dpuMode: side === 'dpu', dpuIdentifier: `software-dpu-${this.#prefix}` }),
      close: async () => {
        this.#sides.delete(served);
        client.close();
        await server.close();
      },
    };
    this.#sides.add(served);
    return served;
  }

  /** The node's, with switches where this looks for them. */
  #platform(node: Netns, programs?: Exec): Platform {
    const run = programs ?? node.exec;
    return {
      ...linuxPlatform(),
      exec: run,
      links: programs ? new Links(programs) : new NetlinkLinks(exec, node.path),
      openVSwitch: ({ commandsLookIn: _, directory, ...options }) =>
        new OpenVSwitch({ ...options, exec: run, directory: join(this.#runDirectory, basename(directory ?? '')) }),
    };
  }

  get #runDirectory(): string {
    return `/run/${this.#prefix}`;
  }

  /** Where switches run: none when all are stopped. */
  async switchDirectories(): Promise<string[]> {
    const directory = this.#runDirectory;
    return (await readdir(directory).catch(() => [])).map((name) => `${directory}/${name}`);
  }

  /** What the one bridge that runs has learned. */
  async forwardingTable(): Promise<ForwardingEntry[]> {
    const [directory = ''] = await this.switchDirectories();
    const socket = (await readdir(directory)).find((name) => /^ovs-vswitchd\.\d+\.ctl$/.test(name));
    const { stdout } = await exec('ovs-appctl', [`--target=${directory}/${socket}`, 'fdb/show', 'br-swdpu']);
    return parseForwardingTable(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const side of this.#sides) await side.close();
    for (const netns of this.#namespaces) await netns.delete();
    for (const directory of [`/run/${this.#prefix}`, `/run/${this.#prefix}-state`]) {
      await rm(directory, { recursive: true, force: true });
    }
  }
}

/** What attaching does to a device: into the pod, under a new name, with an address. Answers its MAC. */
export async function give(node: Netns, device: string, pod: Netns, name: string, address: string): Promise<Link> {
  await node.links.batch([`link set ${device} netns ${pod.name} name ${name}`]);
  await pod.links.batch([`addr add ${address} dev ${name}`, `link set ${name} up`]);
  const link = await pod.links.find(name);
  if (!link) throw new Error(`${name} is not in ${pod.name}`);
  return link;
}

const listen = `
  const server = require('node:net').createServer((socket) => {
    let bytes = 0;
    socket.on('data', (chunk) => { bytes += chunk.length; });
    socket.on('end', () => { socket.end(String(bytes)); server.close(); });
  }).listen(5001, () => console.log('listening'));
  setTimeout(() => process.exit(1), 60000).unref();`;
const send = (address: string, bytes: number) => `
  const socket = require('node:net').connect(5001, '${address}', () => socket.end(Buffer.alloc(${bytes}, 'x')));
  socket.on('data', (chunk) => process.stdout.write(chunk));
  socket.on('error', (error) => { console.error(error.message); process.exit(1); });`;

/** Sends bytes over TCP and answers how many the other pod says arrived. */
export async function transfer(from: Netns, to: Netns, address: string, bytes: number): Promise<number> {
  const server = to.run(process.execPath, ['-e', listen], true);
  const isListening = async () => (await to.run('ss', ['-Hltn', 'sport = :5001'])).stdout.includes(':5001');
  await eventually('a listener', isListening, Boolean);
  const { stdout } = await from.run(process.execPath, ['-e', send(address, bytes)]);
  await server;
  return Number(stdout);
}
