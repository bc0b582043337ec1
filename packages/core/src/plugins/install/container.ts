/** The container that puts a plugin on its node before its VSP starts. */
import { leastPrivileges } from '../../api/names/least-privileges.ts';
import { trustedCaMount, trustedCaVolume } from '../npm/trusted-ca.ts';
import type { PluginSource } from '../release.ts';
import { installedDirectory, pluginRoot } from './directory.ts';

export type NpmSource = Extract<PluginSource, { kind: 'npm' }>;

export interface InstallOptions {
  /** The operator's image: it has npm and the install program. */
  image: string;
  imagePullPolicy: string;
  /** Name of the DPU: what it uses stays on the node when others' old versions go. */
  user: string;
  /** Settings of proxies that npm is to go through: HTTP_PROXY and the like. */
  proxy?: Record<string, string>;
}

const volume = {
  root: 'plugin-root',
  lock: 'plugin-lock',
  credentials: 'plugin-credentials',
  scratch: 'plugin-scratch',
};
const mounts = { lock: '/etc/dpu-plugin/lock', credentials: '/etc/dpu-plugin/credentials' };

/**
 * The container, and the volumes that its pod needs.
 *
 * Lock and credentials are optional volumes: a release that is on the node already needs neither.
 */
export function installContainer(source: NpmSource, { image, imagePullPolicy, user, proxy = {} }: InstallOptions) {
  const { packageName, version, integrity, registry, lock, credentialsSecret } = source;
  const credentials = credentialsSecret !== undefined;
  const args = {
    directory: installedDirectory(source),
    lock: mounts.lock,
    package: packageName,
    version,
    integrity,
    user,
    ...(registry && { registry }),
    ...(credentials && { credentials: mounts.credentials }),
  };
  const container = {
    name: 'install',
    image,
    imagePullPolicy,
    command: ['node', '/opt/dpu-operator/plugin-install.mjs'],
    args: Object.entries(args).map(([name, value]) => `--${name}=${value}`),
    env: Object.entries(proxy).map(([name, value]) => ({ name, value })),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: {
      requests: { cpu: '10m', memory: '64Mi' },
      limits: { memory: '1Gi' },
    },
    securityContext: {
      // The node's directory belongs to root; nothing else of root is needed.
      runAsUser: 0,
      ...leastPrivileges,
      // Where SELinux is on, no ordinary container may write below /var/lib.
      seLinuxOptions: { type: 'spc_t' },
    },
    volumeMounts: [
      { name: volume.root, mountPath: pluginRoot },
      { name: volume.scratch, mountPath: '/tmp' },
      { name: volume.lock, mountPath: mounts.lock, readOnly: true },
      trustedCaMount,
      ...(credentials ? [{ name: volume.credentials, mountPath: mounts.credentials, readOnly: true }] : []),
    ],
  };
  const volumes = [
    { name: volume.root, hostPath: { path: pluginRoot, type: 'DirectoryOrCreate' } },
    { name: volume.scratch, emptyDir: {} },
    { name: volume.lock, configMap: { name: lock, optional: true } },
    trustedCaVolume,
    ...(credentials
      ? [{ name: volume.credentials, secret: { secretName: credentialsSecret, optional: true, defaultMode: 0o400 } }]
      : []),
  ];
  return { container, volumes };
}
