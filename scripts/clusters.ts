/** The clusters that a command works on, and what must be true of them before anything is changed. */
import { existsSync, realpathSync } from 'node:fs';
import { Kubectl } from '../test/cluster/kind/kubectl.ts';
import { type Log, step } from '../test/cluster/progress.ts';
import { ensureKubectl } from '../test/cluster/tools.ts';

export const namespace = 'openshift-dpu-operator';
export const operator = 'deployment/dpu-operator-controller-manager';

/** What is kept of the Go operator until a migration is complete. */
const migration = 'dpu-operator-migration';

export type Side = 'one' | 'host' | 'dpu';

export interface Target {
  side: Side;
  variable: keyof typeof defaultKubeconfigs;
  /** For people. */
  name: string;
  kubeconfig: string;
  /** Directories of config/ with what is installed: the first that is there. */
  overlays: readonly string[];
}

const answerTimeoutMs = 60_000;

/** kubectl's own, which says more of what it waited for. */
const requestTimeout = '30s';

/** The oldest that has all that the operator needs; docs/install.md. */
const oldestMinor = 29;

/** @throws Error that names the variable */
export function parseTargets(sides: readonly Side[], env: NodeJS.ProcessEnv): Target[] {
  const targets = sides.map((side) => {
    const variable = side === 'dpu' ? 'KUBECONFIG_DPU' : 'KUBECONFIG_HOST';
    const kubeconfig = env[variable] || defaultKubeconfigs[variable];
    if (!existsSync(kubeconfig)) {
      throw new Error(`${variable}: there is no file ${kubeconfig}; it must be a kubeconfig of the ${names[side]}`);
    }
    return { side, variable, name: names[side], kubeconfig, overlays: overlays[side] } as const;
  });
  refuseTwins(targets, ({ kubeconfig }) => realpathSync(kubeconfig));
  return targets;
}

/** @param idOf the same for two targets that are one cluster */
function refuseTwins<T extends Target>(targets: readonly T[], idOf: (target: T) => string): void {
  const [first, second] = targets;
  if (!first || !second || idOf(first) !== idOf(second)) return;
  throw new Error(
    `${first.variable} and ${second.variable} are the same cluster (${first.kubeconfig}, ${second.kubeconfig}): ` +
      'for hosts and DPUs in one cluster there are the commands with "-1c" behind the name',
  );
}

/** Where those who set clusters up for the Go operator have them. */
const defaultKubeconfigs = {
  KUBECONFIG_HOST: '/root/kubeconfig.ocpcluster',
  KUBECONFIG_DPU: '/root/kubeconfig.microshift',
} as const;

const names: Record<Side, string> = {
  one: 'cluster',
  host: "hosts' cluster",
  dpu: "DPUs' cluster",
};

const overlays: Record<Side, readonly string[]> = {
  one: ['one-cluster', 'default'],
  host: ['host', 'default'],
  dpu: ['dpu', 'default'],
};

export interface Reached {
  target: Target;
  kubectl: Kubectl;
}

/**
 * Asks all clusters, and changes nothing.
 *
 * @param check what else has to be true of each
 * @throws Error that says why one cannot be worked on, and what to do
 */
export async function reach(
  log: Log,
  targets: readonly Target[],
  check: (target: Target, kubectl: Kubectl) => Promise<void> = async () => {},
): Promise<Reached[]> {
  const program = await ensureKubectl(log);
  const reached: Reached[] = [];
  for (const target of targets) {
    await step(log, `check the ${target.name}`, async () => {
      const kubectl = await requireReachable(target, program);
      await check(target, kubectl);
      reached.push({ target, kubectl });
    });
  }
  if (targets.length > 1) await requireDifferent(reached);
  return reached;
}

/** Two files may lead to one cluster. */
async function requireDifferent(reached: readonly Reached[]): Promise<void> {
  const known = await Promise.all(
    reached.map(async ({ target, kubectl }) => ({
      ...target,
      id: await ask(kubectl, ['get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}']),
    })),
  );
  refuseTwins(known, ({ id }) => id);
}

async function requireReachable(target: Target, program: string): Promise<Kubectl> {
  const kubectl = new Kubectl(program, target.kubeconfig);
  const where = `the ${target.name} (${target.variable}=${target.kubeconfig})`;
  // Where a kubeconfig names no server kubectl takes the cluster that it runs in, or port 8080 of this machine.
  const view = ['config', 'view', '--minify', '-o', 'jsonpath={.clusters[0].cluster.server}'];
  const named = await kubectl.try(view, undefined, answerTimeoutMs);
  if (named.exitCode !== 0 || !named.stdout) {
    throw new Error(`${where}: it is no kubeconfig that names a server: ${lastLine(named.stderr) || 'it is empty'}`);
  }
  const { exitCode, stdout, stderr } = await kubectl.try(
    ['version', '-o', 'json', `--request-timeout=${requestTimeout}`],
    undefined,
    answerTimeoutMs,
  );
  const server = exitCode === 0 ? JSON.parse(stdout).serverVersion : undefined;
  if (!server) throw new Error(`${where} does not answer: ${lastLine(stderr)}`);
  const minor = Number.parseInt(server.minor, 10);
  if (minor < oldestMinor) {
    throw new Error(
      `the ${target.name} runs Kubernetes ${server.gitVersion}; the operator needs 1.${oldestMinor} or later`,
    );
  }
  return kubectl;
}

interface Deployment {
  spec: { selector: { matchLabels?: Record<string, string> } };
}

/** One resource for each kind of right that an installation takes; who may do these in all namespaces is an administrator. */
const resources = [
  ['', 'namespaces'],
  ['', 'serviceaccounts'],
  ['apps', 'deployments'],
  ['apiextensions.k8s.io', 'customresourcedefinitions'],
  ['rbac.authorization.k8s.io', 'clusterroles'],
  ['rbac.authorization.k8s.io', 'clusterrolebindings'],
  ['admissionregistration.k8s.io', 'mutatingwebhookconfigurations'],
] as const;

/** Half of it would be done where somebody may do half of it. */
async function requireRights(target: Target, kubectl: Kubectl, verb: 'create' | 'delete'): Promise<void> {
  const reviews = resources.map(([group, resource]) => ({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { group, resource, verb } },
  }));
  const input = reviews.map((review) => JSON.stringify(review)).join('\n---\n');
  const { exitCode, stdout, stderr } = await kubectl.try(
    ['create', '--validate=false', '-f', '-', '-o', answers],
    input,
    answerTimeoutMs,
  );
  const allowed = stdout.trim().split('\n');
  const denied = resources.filter((_, index) => allowed[index] !== 'true').map(([, resource]) => resource);
  if (exitCode === 0 && denied.length === 0) return;
  const why =
    exitCode === 0 ? `may not ${verb} ${denied.join(', ')}` : `is not told what it may do: ${lastLine(stderr)}`;
  throw new Error(`${target.variable}: the user of ${target.kubeconfig} ${why}; it must be a cluster administrator`);
}

const answers = 'jsonpath={.status.allowed}{"\\n"}';

/** Changes nothing. @throws Error where something is in the way of an installation, and what to do */
export async function requireInstallable(target: Target, kubectl: Kubectl): Promise<void> {
  await requireRights(target, kubectl, 'create');
  const phase = await ask(kubectl, ['get', 'namespace', namespace, '-o', 'jsonpath={.status.phase}']);
  if (phase === 'Terminating') {
    throw new Error(`in the ${target.name} the namespace ${namespace} is still being deleted: wait, then try again`);
  }
  if (await isGoInstalled(kubectl)) {
    throw new Error(
      `the Go operator is installed in the ${target.name}: take it over (make migrate) or remove it first`,
    );
  }
}

/** Changes nothing. @throws Error where what would be removed is not ours, or is somebody's only way back */
export async function requireRemovable(target: Target, kubectl: Kubectl): Promise<void> {
  await requireRights(target, kubectl, 'delete');
  if (await isGoInstalled(kubectl)) {
    throw new Error(
      `what is installed in the ${target.name} is the Go operator: remove it by its own commands, or take it over (make migrate)`,
    );
  }
  if ((await ask(kubectl, ['get', 'configmap', migration, '-n', namespace, '-o', 'name'])) !== '') {
    throw new Error(
      `in the ${target.name} a migration was begun, and ConfigMap ${migration} is the way back to the Go operator: ` +
        'complete it (make migrate), or go back (make migrate-back)',
    );
  }
}

/** Both have the same name. */
async function isGoInstalled(kubectl: Kubectl): Promise<boolean> {
  const text = await ask(kubectl, ['get', operator, '-n', namespace, '-o', 'json']);
  const labels = text ? ((JSON.parse(text) as Deployment).spec.selector.matchLabels ?? {}) : {};
  return labels['control-plane'] === 'controller-manager';
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

/** Standard output, or '' where the object is not there. */
export async function ask(kubectl: Kubectl, args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await kubectl.try([...args, '--ignore-not-found'], undefined, answerTimeoutMs);
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
  return stdout.trim();
}
