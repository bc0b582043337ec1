/** The daemon's environment, as the operator's DaemonSet sets it. */
import { z } from 'zod';
import { defaultKubeletRoot, operatorNamespace, ports } from '../api/index.ts';

const schema = z.object({
  K8S_NODE: z.string().min(1),
  POD_NAME: z.string().default('dpu-daemon'),
  NAMESPACE: z.string().default(operatorNamespace),
  /** Where the container runtime looks for CNI plugins; depends on the Kubernetes flavour. */
  CNI_BIN_DIR: z.string().startsWith('/').default('/opt/cni/bin'),
  CNI_SOURCE: z.string().startsWith('/').default('/opt/dpu-operator/bin/dpu-cni'),
  KUBELET_ROOT: z.string().startsWith('/').default(defaultKubeletRoot),
  /** In /proc, of the node: IPAM plugins run in its mount namespace. Where it is absent, in the daemon's own. */
  HOST_PROCESS: z.string().startsWith('/proc/').optional(),
  /** On 127.0.0.1 of the node, whose network the daemon shares. */
  HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).default(ports.daemonHealth),
  /** On every address of the node. */
  METRICS_PORT: z.coerce.number().int().min(0).max(65_535).default(ports.daemonMetrics),
  /** Where PCI functions are read from: a tree of files in tests. Netdevs are those that the kernel has. */
  DPU_SYSFS: z.string().startsWith('/').default('/sys'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

export interface DaemonConfig {
  nodeName: string;
  podName: string;
  namespace: string;
  cniBinDirectory: string;
  cniSource: string;
  kubeletRoot: string;
  hostProcess: string | undefined;
  healthPort: number;
  metricsPort: number;
  sysfs: string;
  logLevel: string;
}

/** Where the daemon's files are on a node. */
export interface NodeDirectories {
  /** Everything of the daemon. */
  daemon: string;
  /** What it must remember over its own restarts. */
  state: string;
  /** Where the kubelet may look for sockets of device plugins: the one that has the kubelet's own counts. */
  devicePlugins: readonly [string, ...string[]];
  /** Device Information files that Multus reads. */
  deviceInfo: string;
  /** For the socket of a DPU's VSP. */
  vsp: (dpuName: string) => string;
}

/** @throws Error naming each variable that is missing or wrong */
export function parseConfig(environment: NodeJS.ProcessEnv): DaemonConfig {
  const result = schema.safeParse(environment);
  if (!result.success) throw new Error(`environment of the daemon:\n${z.prettifyError(result.error)}`);
  const { data } = result;
  return {
    nodeName: data.K8S_NODE,
    podName: data.POD_NAME,
    namespace: data.NAMESPACE,
    cniBinDirectory: data.CNI_BIN_DIR,
    cniSource: data.CNI_SOURCE,
    kubeletRoot: data.KUBELET_ROOT,
    hostProcess: data.HOST_PROCESS,
    healthPort: data.HEALTH_PORT,
    metricsPort: data.METRICS_PORT,
    sysfs: data.DPU_SYSFS,
    logLevel: data.LOG_LEVEL,
  };
}
