/** Paths on a node. */
import { createHash } from 'node:crypto';

/** Everything of the daemon on a node; gone after a reboot, as the network namespaces and links are. */
export const daemonDirectory = '/var/run/dpu-daemon';

/** What the daemon must remember over its own restarts. */
export const stateDirectory = `${daemonDirectory}/state`;

/** Made in the daemon's own container once it serves its health: until then another daemon's may answer on the node's port. */
export const daemonStartedFile = '/tmp/dpu-daemon-started';

/** Where a VSP looks for the directory of its socket, inside its own pod. */
export const vspSocketMount = `${daemonDirectory}/vendor-plugin`;
export const vspSocketName = 'vendor-plugin.sock';
/** Where a VSP serves its metrics, beside its socket. */
export const vspMetricsSocketName = 'metrics.sock';

export const cniServerSocket = `${daemonDirectory}/dpu-cni/dpu-cni-server.sock`;

/** `--root-dir` of the kubelet, where nothing else is configured. */
export const defaultKubeletRoot = '/var/lib/kubelet';

/**
 * Where the kubelet may have its device plugins' sockets, likeliest first. Its path is compiled in and its root does not
 * move it (https://kubernetes.io/docs/reference/node/kubelet-files/); a kubelet in a container of its own sees another
 * directory of the node under that path.
 */
export function devicePluginDirectories(kubeletRoot: string): [string, ...string[]] {
  const compiledIn = `${defaultKubeletRoot}/device-plugins`;
  return kubeletRoot === defaultKubeletRoot ? [compiledIn] : [compiledIn, `${kubeletRoot}/device-plugins`];
}

/** The directory of the pod resources socket, which follows the kubelet's root. */
export const podResourcesDirectory = (kubeletRoot: string): string => `${kubeletRoot}/pod-resources`;

/** Where device plugins and CNI plugins leave Device Information files for Multus; compiled in there. */
export const deviceInfoDirectory = '/var/run/k8s.cni.cncf.io/devinfo';

/** Where named network namespaces live. */
export const netnsDirectory = '/var/run/netns';

/** Kubernetes names reach 253 characters; a unix socket's path has 108 bytes (unix(7)). */
const longestName = 60;

/** The node's directory that is mounted into a DPU's VSP pod for its socket. */
export function vspDirectory(dpuName: string): string {
  return `${daemonDirectory}/vsp/${shorten(dpuName, longestName)}`;
}

/** The VSP's socket as the daemon dials it. */
export function vspSocket(dpuName: string): string {
  return `${vspDirectory(dpuName)}/${vspSocketName}`;
}

/** Names that fit stay; longer ones keep their beginning and get a hash of the whole. */
export function shorten(name: string, length: number): string {
  if (name.length <= length) return name;
  const hash = shortHash(name);
  return `${name.slice(0, length - hash.length - 1)}-${hash}`;
}

/**
 * A label's value for any text: at most 63 letters, digits and `-_.`, with a letter or digit at both ends. Names of objects
 * that are short enough stay; `Octeon 10 (B)` becomes `Octeon-10-B`. A text of which nothing is left gets a hash.
 */
export function labelValue(text: string): string {
  const safe = text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[._-]+|[._-]+$/g, '');
  return shorten(safe || shortHash(text), 63);
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 10);

/** Names of pods have 253 characters. */
export function vspPodName(dpuName: string): string {
  return `vsp-${shorten(dpuName, 249)}`;
}
