import { z } from 'zod';
import { npmRegistrySchema } from '../../api/fields/npm-registry.ts';
import { operatorNamespace } from '../../api/names/names.ts';
import { ports } from '../../api/names/ports.ts';
import { checkedEnvironment } from '../../checked-environment.ts';
import { publicRegistry } from '../../plugins/install/request.ts';
import { npmInImage } from '../../plugins/npm/run-npm.ts';

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** An empty variable counts as unset: manifests that are filled in by templates have many. */
const variables = z.object({
  NAMESPACE: z.string().default(operatorNamespace),
  POD_NAME: z.string().optional(),
  OPERATOR_IMAGE: z.string().default(''),
  VSP_IMAGE: z.string().default('dpu-operator/vsp:dev'),
  IMAGE_PULL_POLICIES: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
  LEADER_ELECTION: flag.default(true),
  HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).default(ports.operatorHealth),
  METRICS_PORT: z.coerce.number().int().min(0).max(65_535).default(ports.operatorMetrics),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  CNI_BIN_DIR: z.string().startsWith('/').optional(),
  NPM_REGISTRY: npmRegistrySchema.default(publicRegistry),
  NPM_DIRECTORY: z.string().startsWith('/').default(npmInImage),
  DPU_SYSFS: z.string().startsWith('/').optional(),
});

/** Where the way out of the cluster leads through a proxy, these name it; what the operator starts needs them too. */
const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

export interface Environment {
  namespace: string;
  /** Name of the operator's own pod. */
  podName: string;
  /** Runs the operator and the daemon. Empty where the operator's own pod is to say it. */
  operatorImage: string;
  /** Runs the vendor plugins. */
  vspImage: string;
  imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  leaderElection: boolean;
  healthPort: number;
  metricsPort: number;
  logLevel: string;
  /** Where the nodes' container runtime looks for CNI plugins; found by the cluster's flavour where it is not set. */
  cniBinDirectory: string | undefined;
  /** Registry of VendorPlugins that name none. */
  npmRegistry: string;
  /** Where npm lies. */
  npmDirectory: string;
  /**
   * A directory of the nodes from which daemons and plugins read the hardware in place of /sys: cards that are not there,
   * for tests. In it is what `fakeSysfs` of the SDK's test kit makes, with its `machine.json`.
   */
  sysfs: string | undefined;
  /** Variables that name proxies, where there are any. */
  proxy: Record<string, string>;
}

/** @throws Error that names each variable that is wrong, and how. */
export function parseEnvironment(env: NodeJS.ProcessEnv, hostName: string): Environment {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const values = checkedEnvironment(variables, given);
  return {
    namespace: values.NAMESPACE,
    podName: values.POD_NAME ?? hostName,
    operatorImage: values.OPERATOR_IMAGE,
    vspImage: values.VSP_IMAGE,
    imagePullPolicy: values.IMAGE_PULL_POLICIES,
    leaderElection: values.LEADER_ELECTION,
    healthPort: values.HEALTH_PORT,
    metricsPort: values.METRICS_PORT,
    logLevel: values.LOG_LEVEL,
    cniBinDirectory: values.CNI_BIN_DIR,
    npmRegistry: values.NPM_REGISTRY,
    npmDirectory: values.NPM_DIRECTORY,
    sysfs: values.DPU_SYSFS,
    proxy: Object.fromEntries(proxyVariables.flatMap((name) => (given[name] ? [[name, given[name]]] : []))),
  };
}
