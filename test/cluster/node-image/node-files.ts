import { chmod, copyFile, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../run.ts';
import { versions } from '../versions.ts';

/** What Kind's own node image installs, plus runc, socat and hostname, which it gets in other ways. */
export const nodePackages =
  'systemd conntrack iptables nftables iproute2 ethtool util-linux mount kmod libseccomp2 bash ca-certificates curl jq procps runc socat hostname'.split(
    ' ',
  );

/** Units that have no business in a container: they wait for devices or fight over mounts that the engine made. */
const unwantedUnits: { directory: string; pattern: RegExp }[] = [
  { directory: 'lib/systemd/system/sysinit.target.wants', pattern: /^systemd-tmpfiles-setup\.service$/ },
  { directory: 'lib/systemd/system/multi-user.target.wants', pattern: /./ },
  { directory: 'lib/systemd/system/local-fs.target.wants', pattern: /./ },
  { directory: 'lib/systemd/system/sockets.target.wants', pattern: /udev|initctl/ },
  { directory: 'lib/systemd/system/basic.target.wants', pattern: /./ },
];

/** Turns a Debian root file system into what Kind expects of a node, with the files that Kind's module carries. */
export async function installNodeFiles(root: string, containerdDirectory: string): Promise<void> {
  await copyKindFiles(root);
  for (const { directory, pattern } of unwantedUnits) {
    for (const unit of await readdir(join(root, directory)).catch(() => [])) {
      if (pattern.test(unit)) await rm(join(root, directory, unit));
    }
  }
  await mkdir(join(root, 'etc/systemd/journald.conf.d'), { recursive: true });
  await writeFile(join(root, 'etc/systemd/journald.conf.d/container.conf'), '[Journal]\nReadKMsg=no\n');
  await rm(join(root, 'sbin/init'), { force: true });
  await symlink('/lib/systemd/systemd', join(root, 'sbin/init'));
  for (const unit of ['kubelet', 'containerd', 'undo-mount-hacks']) {
    await run(['chroot', root, 'systemctl', 'enable', `${unit}.service`]);
  }
  await run(['chroot', root, 'systemctl', 'mask', 'systemd-binfmt.service']);
  await mkdir(join(root, 'etc/kubernetes/manifests'), { recursive: true });
  await writeContainerdFiles(root, containerdDirectory);
  await mkdir(join(root, 'kind/manifests'), { recursive: true });
  await writeFile(join(root, 'kind/version'), versions.kubernetes);
  await writeFile(join(root, 'kind/manifests/default-storage.yaml'), storageClass);
}

/** Kind applies a storage manifest without asking; this one needs no image. */
const storageClass = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
provisioner: kubernetes.io/no-provisioner
`;

/** The module cache drops file modes, so programs get theirs back by where they lie. */
async function copyKindFiles(root: string): Promise<void> {
  const module: { Dir: string } = JSON.parse(
    await run(['go', 'mod', 'download', '-json', `sigs.k8s.io/kind@${versions.kind}`], { cwd: root }),
  );
  const files = join(module.Dir, 'images/base/files');
  for (const entry of await readdir(files, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(root, source.slice(files.length));
    await mkdir(dirname(target), { recursive: true });
    await copyFile(source, target);
    await chmod(target, entry.parentPath.endsWith('/bin') ? 0o755 : 0o644);
  }
}

/** Kind's containerd configuration, changed for machines without CAP_SYS_RESOURCE: no oom score below one's own. */
async function writeContainerdFiles(root: string, containerdDirectory: string): Promise<void> {
  for (const program of ['containerd', 'ctr', 'containerd-shim-runc-v2']) {
    await cp(join(containerdDirectory, program), join(root, 'usr/local/bin', program));
  }
  const config = join(root, 'etc/containerd/config.toml');
  const text = await readFile(config, 'utf8');
  const changed = text.replace('restrict_oom_score_adj = false', 'restrict_oom_score_adj = true');
  if (changed === text) throw new Error(`${config} of Kind ${versions.kind} has no restrict_oom_score_adj to change`);
  await writeFile(config, changed);
  const spec = JSON.parse(await run([join(containerdDirectory, 'ctr'), 'oci', 'spec']));
  spec.hooks = { createContainer: [{ path: '/kind/bin/mount-product-files.sh' }] };
  // Raising limits needs CAP_SYS_RESOURCE; without this no sandbox starts where it is missing.
  delete spec.process.rlimits;
  await writeFile(join(root, 'etc/containerd/cri-base.json'), JSON.stringify(spec));
}
