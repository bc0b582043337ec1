import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedDirectory, hashOf } from '../cache.ts';
import { requireGo } from '../go.ts';
import type { Log } from '../progress.ts';
import { run } from '../run.ts';
import { versions } from '../versions.ts';

/** Programs of one Go module, built static from the module proxy. */
export interface GoRecipe {
  name: string;
  module: string;
  version: string;
  /** Package paths below the module; each gives a program named after its last part. */
  packages: string[];
  tags?: string;
  ldflags?: string;
  /** Where the module requires siblings in its own repository at v0.0.0: the version that the proxy has of them. */
  siblingVersion?: string;
}

const [major, minor] = versions.kubernetes.slice(1).split('.');
const kubernetesVersionFlags = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
  .flatMap((path) => [
    `-X ${path}.gitVersion=${versions.kubernetes}`,
    `-X ${path}.gitMajor=${major}`,
    `-X ${path}.gitMinor=${minor}`,
  ])
  .join(' ');

export const goRecipes = {
  kubernetes: {
    name: 'kubernetes',
    module: 'k8s.io/kubernetes',
    version: versions.kubernetes,
    packages: [
      'kubeadm',
      'kubelet',
      'kubectl',
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
      'kube-proxy',
    ].map((program) => `cmd/${program}`),
    ldflags: kubernetesVersionFlags,
    siblingVersion: versions.kubernetes.replace(/^v1\./, 'v0.'),
  },
  etcd: {
    name: 'etcd',
    module: 'go.etcd.io/etcd/server/v3',
    version: versions.etcdModule,
    packages: [''],
  },
  containerd: {
    name: 'containerd',
    module: 'github.com/containerd/containerd/v2',
    version: versions.containerd,
    packages: ['cmd/containerd', 'cmd/ctr', 'cmd/containerd-shim-runc-v2'],
    tags: 'no_btrfs,no_devmapper,no_zfs',
    ldflags: `-X github.com/containerd/containerd/v2/version.Version=${versions.containerd}`,
  },
  cni: {
    name: 'cni-plugins',
    module: 'github.com/containernetworking/plugins',
    version: versions.cniPlugins,
    packages: [
      'plugins/main/bridge',
      'plugins/main/loopback',
      'plugins/main/ptp',
      'plugins/meta/portmap',
      'plugins/ipam/host-local',
      'plugins/ipam/static',
    ],
  },
} satisfies Record<string, GoRecipe>;

/** A directory with the recipe's programs; built on first use. */
export function goPrograms(log: Log, recipe: GoRecipe): Promise<string> {
  return cachedDirectory(log, `go-${recipe.name}`, `${recipe.version}-${hashOf(recipe)}`, async (out, detail) => {
    await requireGo(`${recipe.name} ${recipe.version}`);
    const source = join(out, '.module');
    await mkdir(source);
    await writeModuleFile(source, recipe);
    let compiled = 0;
    const paths = recipe.packages.map((path) => (path ? `${recipe.module}/${path}` : recipe.module));
    await run(
      ['nice', 'go', 'build', '-v', '-trimpath', '-buildvcs=false', '-mod=mod', '-tags', recipe.tags ?? '']
        .concat('-ldflags', `-s -w ${recipe.ldflags ?? ''}`, '-o', `${out}/`)
        .concat(paths),
      {
        cwd: source,
        env: { CGO_ENABLED: '0' },
        onErrorLine: (line) => {
          if (!line.startsWith('go: ')) compiled++;
          detail(`${compiled} packages compiled, now at ${line.slice(0, 80)}`);
        },
      },
    );
  });
}

/** A module that requires the recipe's; replacements count only in the main module, so siblings are named again. */
async function writeModuleFile(directory: string, recipe: GoRecipe): Promise<void> {
  const downloaded: { GoMod: string } = JSON.parse(
    await run(['go', 'mod', 'download', '-json', `${recipe.module}@${recipe.version}`], { cwd: directory }),
  );
  const theirs: { Go: string; Replace: { Old: { Path: string }; New: { Path: string } }[] | null } = JSON.parse(
    await run(['go', 'mod', 'edit', '-json', downloaded.GoMod]),
  );
  const siblings = recipe.siblingVersion ? (theirs.Replace ?? []).filter(({ New }) => New.Path.startsWith('.')) : [];
  const replaced = siblings.map(({ Old }) => `replace ${Old.Path} => ${Old.Path} ${recipe.siblingVersion}`);
  const lines = ['module build.local', `go ${theirs.Go}`, `require ${recipe.module} ${recipe.version}`, ...replaced];
  await writeFile(join(directory, 'go.mod'), `${lines.join('\n')}\n`);
}
