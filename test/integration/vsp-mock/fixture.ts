/** Network namespaces that stand for nodes, pods and the outside, and the software DPU working in them in its real host. */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { IpPort, Platform } from '@dpu-operator/sdk';
import { VspClient } from '@dpu-operator/sdk/client';
import { servePlugin } from '@dpu-operator/sdk/host';
import {
  type Exec,
  endStaleOvs,
  exec,
  type ForwardingEntry,
  Links,
  linuxPlatform,
  NetlinkLinks,
  OpenVSwitch,
  parseForwardingTable,
} from '@dpu-operator/sdk/linux';
import { parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { createSoftwareDpu } from '@dpu-operator/vsp-mock';
import pino from 'pino';
import { Namespaces, type Netns } from '../../support/network/netns.ts';
import { installPrograms } from '../../support/programs/programs.ts';

const logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

/** One side, and the daemon's client for it. */
export interface ServedSide {
  client: VspClient;
  init(): Promise<IpPort | 'already-initialized'>;
  /** As SIGTERM does. */
  close(): Promise<void>;
}

const packageJson = join(import.meta.dirname, '../../../packages/vsp-mock/package.json');
/** Milliseconds. No test is about it, and machines may be busy. */
const deadlineMs = 120_000;

/** For deletions of what must be there. */
export const present = { allowMissing: false };

/** Namespaces made through this are deleted with it, and those of a killed run at its start. */
export class SoftwareDpuFixture extends Namespaces {
  readonly #sides = new Set<ServedSide>();

  /** @param prefix of namespaces and the run directory; another one in each file, as files run side by side */
  static async create(prefix: string): Promise<SoftwareDpuFixture> {
    await installPrograms();
    const fixture = new SoftwareDpuFixture(prefix);
    await fixture.deleteLeftovers();
    for (const directory of await fixture.switchDirectories()) await endStaleOvs(directory);
    for (const directory of [`/run/${prefix}`, `/run/${prefix}-state`])
      await rm(directory, { recursive: true, force: true });
    return fixture;
  }

  /**
   * One side of a software DPU, before its Init. Started anew, it finds again what it kept in its state directory.
   *
   * @param run its programs, in the node's place, links among them. Default: the node's, and links by netlink
   */
  async side(side: 'host' | 'dpu', node: Netns, ip: string, settings: object, run?: Exec): Promise<ServedSide> {
    const directory = `/run/${this.prefix}-state/${node.name}-${side}`;
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
      init: () => client.init({ dpuMode: side === 'dpu', dpuIdentifier: `software-dpu-${this.prefix}` }),
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
    return `/run/${this.prefix}`;
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

  override async [Symbol.asyncDispose](): Promise<void> {
    for (const side of this.#sides) await side.close();
    await super[Symbol.asyncDispose]();
    for (const directory of [`/run/${this.prefix}`, `/run/${this.prefix}-state`]) {
      await rm(directory, { recursive: true, force: true });
    }
  }
}
