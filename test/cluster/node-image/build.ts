import { chmod, cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedDirectory, hashOf, scratchDirectory } from '../cache.ts';
import type { Engine } from '../engine/engine.ts';
import { importImage } from '../engine/engine-images.ts';
import { sourceHash } from '../images/source-hash.ts';
import { type Log, step } from '../progress.ts';
import { run } from '../run.ts';
import { versions } from '../versions.ts';
import { type ArchivePlan, writeImageArchive } from './archive.ts';
import { debianRoot } from './debian-root.ts';
import { goPrograms, goRecipes } from './go-programs.ts';
import { installNodeFiles, nodePackages } from './node-files.ts';
import { preloadImages } from './preload.ts';

const staticPods = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
const kubeProxyPackages = ['iptables', 'nftables', 'conntrack', 'kmod'];

/** The node image's name, which changes with all that goes into it. */
export async function builtNodeImageName(): Promise<string> {
  const { kind, etcdImage, pauseImages, debian } = versions;
  const key = hashOf(await sourceHash(import.meta.dirname), goRecipes, kind, etcdImage, pauseImages, debian);
  return `localhost/dpu-operator/kind-node:${versions.kubernetes}-${key}`;
}

/**
 * Builds a Kind node image from Go modules and Debian packages alone, for machines that reach no image registry.
 * Every part is cached by itself: an interrupted build goes on where it stopped.
 */
export async function buildNodeImage(log: Log, engine: Engine): Promise<string> {
  const image = await builtNodeImageName();
  if (process.getuid?.() !== 0) {
    throw new Error('No Kind node image can be pulled here, and building one needs root: run this once as root');
  }
  log(`No node image can be pulled: building ${image}. The first time takes 10 to 15 minutes on 2 cores.`);
  // Packages come over the network while the compilers keep the processors busy.
  const [{ kubernetes, etcd, containerd, cni, pause }, { nodeRoot, proxyRoot }] = await Promise.all([
    compile(log),
    debianRoots(log),
  ]);
  const scratch = await scratchDirectory('node-image');
  const root = join(scratch, 'root');
  try {
    await step(log, 'assemble the node image', async (detail) => {
      detail('unpacking Debian');
      await mkdir(root);
      await run(['tar', '-C', root, '--exclude=./dev/*', '-xf', nodeRoot]);
      detail('installing programs');
      await installNodeFiles(root, containerd);
      await installPrograms(root, '/usr/bin', kubernetes, ['kubeadm', 'kubelet', 'kubectl']);
      await installPrograms(
        root,
        '/opt/cni/bin',
        cni,
        goRecipes.cni.packages.map((path) => path.split('/').at(-1) ?? ''),
      );
      detail('writing the images of the control plane');
      const archives: string[] = [];
      for (const plan of podImages(scratch, { kubernetes, etcd, pause, proxyRoot })) {
        await writeImageArchive(plan);
        archives.push(plan.path);
      }
      detail('loading the images of the control plane');
      await preloadImages(containerd, root, archives);
      for (const archive of archives) await rm(archive);
    });
    await step(log, `import ${image} into ${engine.name}`, () =>
      importImage(engine, image, { directory: root }, [
        'ENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]',
        'ENV container=podman',
        'STOPSIGNAL SIGRTMIN+3',
      ]),
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return image;
}

/** One after the other: each compiler run uses all processors by itself, and their memory would add up. */
async function compile(log: Log) {
  const kubernetes = await goPrograms(log, goRecipes.kubernetes);
  const etcd = await goPrograms(log, goRecipes.etcd);
  const containerd = await goPrograms(log, goRecipes.containerd);
  const cni = await goPrograms(log, goRecipes.cni);
  return { kubernetes, etcd, containerd, cni, pause: await pauseProgram(log) };
}

async function debianRoots(log: Log) {
  const nodeRoot = await debianRoot(log, 'node', nodePackages);
  return { nodeRoot, proxyRoot: await debianRoot(log, 'kube-proxy', kubeProxyPackages) };
}

interface Parts {
  kubernetes: string;
  etcd: string;
  pause: string;
  proxyRoot: string;
}

/** The images that kubeadm's static pods, kube-proxy and containerd's sandboxes name. */
function podImages(directory: string, parts: Parts): ArchivePlan[] {
  const image = (name: string, tags: string[], source: string, more: Partial<ArchivePlan> = {}): ArchivePlan => ({
    path: join(directory, `${name}.tar`),
    tags: tags.map((tag) => `registry.k8s.io/${name}:${tag}`),
    programs: { [name]: source },
    ...more,
  });
  const kubernetes = [versions.kubernetes];
  return [
    ...staticPods.map((name) => image(name, kubernetes, join(parts.kubernetes, name))),
    image('kube-proxy', kubernetes, join(parts.kubernetes, 'kube-proxy'), { root: parts.proxyRoot }),
    // The main package of etcd's server module lies at its top, so Go names the program after the directory.
    image('etcd', [versions.etcdImage], join(parts.etcd, 'server')),
    image('pause', [...versions.pauseImages], join(parts.pause, 'pause'), { entrypoint: ['/usr/local/bin/pause'] }),
  ];
}

async function installPrograms(root: string, target: string, source: string, names: string[]): Promise<void> {
  await mkdir(join(root, target), { recursive: true });
  for (const name of names) {
    await cp(join(source, name), join(root, target, name));
    await chmod(join(root, target, name), 0o755);
  }
}

async function pauseProgram(log: Log): Promise<string> {
  const directory = join(import.meta.dirname, 'pause');
  return cachedDirectory(log, 'go-pause', await sourceHash(directory), async (out) => {
    const argv = ['go', 'build', '-trimpath', '-ldflags', '-s -w', '-o', join(out, 'pause'), 'pause.go'];
    await run(argv, { cwd: directory, env: { CGO_ENABLED: '0', GO111MODULE: 'off' } });
  });
}
