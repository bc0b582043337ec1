import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, usesCgroupV1 } from '../engine/engine.ts';
import { removeOtherTags } from '../engine/engine-images.ts';
import { restoreKernelSettings, saveKernelSettings } from '../engine/kernel-settings.ts';
import { ImageLoader } from '../images/image-loader.ts';
import { withLock } from '../lock.ts';
import { ensureNodeImage } from '../node-image/choose.ts';
import { cachePath } from '../paths.ts';
import { podSubnet } from '../pod-network/subnet.ts';
import { type Log, step } from '../progress.ts';
import { run } from '../run.ts';
import type { Tools } from '../tools.ts';
import { type Cluster, type ClusterNode, type Role, roleLabel } from '../types.ts';
import { kindConfig, type Side } from './kind-config.ts';
import { internalIp, Kubectl } from './kubectl.ts';
import { installNetworks } from './networks.ts';

/** An API server that says nothing for this long does not come back by itself, on a busy machine neither. */
const readyTimeoutMs = 60_000;

/** A kubelet registers within seconds of its start; a machine that is busy with builds takes longer. */
const registeredTimeoutMs = 180_000;

/** Clusters made with Kind, by name. */
export class KindClusters {
  readonly #log: Log;
  readonly #engine: Engine;
  readonly #tools: Tools;

  constructor(log: Log, engine: Engine, tools: Tools) {
    this.#log = log;
    this.#engine = engine;
    this.#tools = tools;
  }

  /** The running cluster of that name; made if missing, made anew if dead or of other sides. */
  ensure(name: string, sides: readonly Side[]): Promise<Cluster> {
    return withLock(this.#log, `cluster-${name}`, () => this.#ensure(name, sides));
  }

  async find(name: string): Promise<Cluster | undefined> {
    if (!(await this.#exists(name))) return undefined;
    return (await this.#answers(name)) ? this.#open(name) : undefined;
  }

  delete(name: string): Promise<void> {
    return withLock(this.#log, `cluster-${name}`, () => this.#delete(name));
  }

  async #ensure(name: string, sides: readonly Side[]): Promise<Cluster> {
    if (await this.#exists(name)) {
      if (await this.#answers(name, sides.length + 1)) return this.#open(name);
      this.#log(`cluster ${name} is dead (nodes or API server do not answer, or nodes are missing): making it anew`);
      await this.#delete(name);
    }
    try {
      // One at a time: it takes all of a machine, and a control plane that starts too slowly is given up.
      await withLock(this.#log, 'create-cluster', () => this.#create(name, sides));
    } catch (error) {
      // A half-made cluster would look like a dead one next time; this way the next try starts at once.
      await this.#delete(name).catch(() => {});
      throw error;
    }
    return this.#open(name);
  }

  async #delete(name: string): Promise<void> {
    await step(this.#log, `delete cluster ${name}`, async () => {
      await this.#kind(['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfigPath(name)]);
      await rm(clusterDirectory(name), { recursive: true, force: true });
    });
    if ((await this.#names()).length === 0) await restoreKernelSettings(this.#log);
  }

  async #create(name: string, sides: readonly Side[]): Promise<void> {
    const image = await ensureNodeImage(this.#log, this.#engine);
    // Kind mounts it into the nodes; a kernel without modules may come without the directory.
    if (!existsSync('/lib/modules')) await mkdir('/lib/modules');
    await saveKernelSettings(this.#log);
    const config = kindConfig({
      sides,
      podSubnet: await podSubnet(this.#log, cachePath('clusters'), name),
      builtImage: image.built,
      cgroupV1: await usesCgroupV1(),
    });
    await step(this.#log, `create cluster ${name}`, (detail) =>
      this.#kind(
        ['create', 'cluster', '--name', name, '--image', image.name].concat(
          '--kubeconfig',
          kubeconfigPath(name),
          '--config',
          '-',
        ),
        { input: config, onErrorLine: detail },
      ),
    );
    if (image.built) await removeOtherTags(this.#engine, image.name);
  }

  async #open(name: string): Promise<Cluster> {
    const kubeconfig = kubeconfigPath(name);
    const kubectl = this.#kubectl(name);
    const nodes: ClusterNode[] = (await this.#registeredNodes(name, kubectl)).map((node) => ({
      name: node.metadata.name,
      role: (node.metadata.labels[roleLabel] as Role | undefined) ?? 'control-plane',
      ip: internalIp(node),
    }));
    const exec: Cluster['exec'] = (node, argv, options = {}) => {
      const stdin = options.input === undefined ? [] : ['--interactive'];
      return this.#engine.attempt(['exec', ...stdin, node, ...argv], options);
    };
    const copy = async (node: string, source: string, target: string) => {
      await this.#engine.run(['cp', source, `${node}:${target}`]);
    };
    await installNetworks(this.#log, kubectl, { list: nodes, exec, copy });
    const loader = new ImageLoader(this.#log, this.#engine, { list: nodes, exec });
    return {
      name,
      kubeconfig,
      kubectl,
      nodes,
      exec,
      loadImages: (names) => loader.load(names),
      loadImage: (image) => loader.loadImage(image),
      restartNode: async (node) => {
        await this.#engine.run(['restart', '--time', '5', node]);
      },
      delete: () => this.delete(name),
    };
  }

  /** Kind is done when its nodes have joined; under load a node's object comes a moment later, its range of pods after. */
  async #registeredNodes(name: string, kubectl: Kubectl): ReturnType<Kubectl['nodes']> {
    const expected = (await this.#kind(['get', 'nodes', '--name', name])).split('\n').filter(Boolean);
    const deadline = performance.now() + registeredTimeoutMs;
    for (;;) {
      const nodes = await kubectl.nodes();
      const ready = nodes.filter(({ spec }) => spec.podCIDR).map(({ metadata }) => metadata.name);
      const missing = expected.filter((node) => !ready.includes(node));
      if (missing.length === 0) return nodes;
      if (performance.now() > deadline) throw new Error(`nodes that did not register with the API server: ${missing}`);
      await sleep(500);
    }
  }

  async #exists(name: string): Promise<boolean> {
    if (!(await this.#names()).includes(name)) return false;
    if (!existsSync(kubeconfigPath(name))) {
      await mkdir(clusterDirectory(name), { recursive: true });
      const exporting = ['export', 'kubeconfig', '--name', name, '--kubeconfig', kubeconfigPath(name)];
      await this.#kind(exporting).catch(() => this.#log(`cluster ${name} gives no kubeconfig`));
    }
    return true;
  }

  /**
   * Whether all nodes run programs and have joined. A rebooted machine has nodes that run none, and a killed creation
   * may have left nodes that never joined.
   *
   * @param count how many there have to be. Default: as many as there are.
   */
  async #answers(name: string, count?: number): Promise<boolean> {
    const nodes = (await this.#kind(['get', 'nodes', '--name', name])).split('\n').filter(Boolean);
    const alive = await Promise.all(nodes.map((node) => this.#engine.attempt(['exec', node, 'true'])));
    if (nodes.length !== (count ?? nodes.length) || alive.some(({ exitCode }) => exitCode !== 0)) return false;
    const list = ['get', 'nodes', '--output', 'name', '--request-timeout=15s'];
    const deadline = performance.now() + readyTimeoutMs;
    do {
      const joined = await this.#kubectl(name).try(list, undefined, readyTimeoutMs);
      if (joined.exitCode === 0) return joined.stdout.trim().split('\n').length === nodes.length;
      await sleep(1000);
    } while (performance.now() < deadline);
    return false;
  }

  async #names(): Promise<string[]> {
    return (await this.#kind(['get', 'clusters'])).split('\n').filter(Boolean);
  }

  #kubectl(name: string): Kubectl {
    return new Kubectl(this.#tools.kubectl, kubeconfigPath(name));
  }

  #kind(args: string[], options: Parameters<typeof run>[1] = {}): Promise<string> {
    return run([this.#tools.kind, ...args], { ...options, env: this.#engine.env });
  }
}

function clusterDirectory(name: string): string {
  return cachePath('clusters', name);
}

function kubeconfigPath(name: string): string {
  return join(clusterDirectory(name), 'kubeconfig');
}
