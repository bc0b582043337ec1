import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { scratchDirectory } from '../cache.ts';
import type { Engine } from '../engine/engine.ts';
import { runOnNode } from '../kind/on-node.ts';
import { type Log, step } from '../progress.ts';
import type { Cluster, ClusterNode } from '../types.ts';
import { parseImageNames } from './image-inputs.ts';
import { type BuiltImage, buildImage } from './images.ts';
import { thinArchive } from './thin-archive.ts';

/** On the node: the id of each image as it was loaded. containerd's own digests differ from the engine's. */
const recordOf = ({ nodeTag }: BuiltImage): string => `/var/lib/dpu-operator-images/${basename(nodeTag)}`;

const containerd = ['ctr', '--namespace', 'k8s.io', 'images'];

/** Brings images built here onto the nodes of a Kind cluster that may run them. */
export class ImageLoader {
  readonly #log: Log;
  readonly #engine: Engine;
  readonly #nodes: { list: readonly ClusterNode[]; exec: Cluster['exec'] };

  constructor(log: Log, engine: Engine, nodes: { list: readonly ClusterNode[]; exec: Cluster['exec'] }) {
    this.#log = log;
    this.#engine = engine;
    this.#nodes = nodes;
  }

  /** Builds the images where their inputs changed and loads them where they differ; the names of those loaded. */
  async load(names?: readonly string[]): Promise<string[]> {
    const loaded: string[] = [];
    for (const name of parseImageNames(names)) {
      const image = await buildImage(this.#log, this.#engine, name);
      if (await this.loadImage(image)) loaded.push(name);
    }
    return loaded;
  }

  async loadImage(image: BuiltImage): Promise<boolean> {
    // The control plane is tainted; of our pods only the operator's go there.
    const nodes = this.#nodes.list
      .filter(({ role }) => role !== 'control-plane' || image.name === 'operator')
      .map(({ name }) => name);
    const current = await Promise.all(nodes.map((node) => this.#hasImage(node, image)));
    const missing = nodes.filter((_, index) => !current[index]);
    if (missing.length === 0) return false;
    await step(this.#log, `load image ${image.name} on ${missing.join(', ')}`, async () => {
      const scratch = await scratchDirectory(image.name);
      try {
        const saved = join(scratch, 'saved.tar');
        const [present] = await Promise.all([
          this.#contentOnAll(missing),
          this.#engine.run(['save', '--output', saved, image.tag]),
        ]);
        const thin = await thinArchive(saved, scratch, image.nodeTag, present);
        await Promise.all(missing.map((node) => this.#import(node, image, thin ?? saved)));
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    });
    return true;
  }

  async #hasImage(node: string, image: BuiltImage): Promise<boolean> {
    const [record, listed] = await Promise.all([
      this.#nodes.exec(node, ['cat', recordOf(image)]),
      this.#nodes.exec(node, [...containerd, 'list', '--quiet', `name==${image.nodeTag}`]),
    ]);
    return record.stdout.trim() === image.id && listed.stdout.trim() === image.nodeTag;
  }

  /** Digests of what every one of the nodes has. */
  async #contentOnAll(nodes: string[]): Promise<Set<string>> {
    const argv = ['ctr', '--namespace', 'k8s.io', 'content', 'list', '--quiet'];
    const lists = await Promise.all(nodes.map(async (node) => (await this.#nodes.exec(node, argv)).stdout.split('\n')));
    return new Set(lists[0]?.filter((digest) => lists.every((list) => list.includes(digest))));
  }

  async #import(node: string, image: BuiltImage, archive: string): Promise<void> {
    const path = recordOf(image);
    const previous = (await this.#nodes.exec(node, ['cat', path])).stdout.trim();
    // Pinned, so that kubelet's garbage collection does not take away what no registry has.
    const importing = [...containerd, 'import', '--label', 'io.cri-containerd.pinned=pinned', '-'];
    await this.#engine.run(['exec', '--interactive', node, ...importing], { inputFile: archive });
    const whole = (
      await this.#nodes.exec(node, [...containerd, 'list', '--quiet', `name==${image.tag}`])
    ).stdout.trim();
    if (whole) {
      // A whole archive brings the engine's tag.
      await runOnNode(this.#nodes.exec, node, [...containerd, 'tag', '--force', image.tag, image.nodeTag]);
      await runOnNode(this.#nodes.exec, node, [...containerd, 'remove', image.tag]);
    }
    await runOnNode(this.#nodes.exec, node, ['install', '-D', '-m', '644', '/dev/stdin', path], image.id);
    if (previous && previous !== image.id) {
      await this.#nodes.exec(node, [...containerd, 'remove', `sha256:${previous.replace('sha256:', '')}`]);
    }
  }
}
