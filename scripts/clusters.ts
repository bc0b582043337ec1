/** The clusters that a command works on, and what must be true of them before anything is changed. */
import { existsSync } from 'node:fs';
import { Kubectl } from '../test/cluster/kubectl.ts';
import { CommandError } from '../test/cluster/run.ts';

export const namespace = 'openshift-dpu-operator';
export const operator = 'deployment/dpu-operator-controller-manager';

export type Side = 'one' | 'host' | 'dpu';

export interface Target {
  side: Side;
  /** For people. */
  name: string;
  kubeconfig: string;
  /** Directories of config/ with what is installed: the first that is there. */
  overlays: readonly string[];
}

const answerTimeoutMs = 60_000;

/** The oldest that has all that the operator needs; docs/install.md. */
const oldestMinor = 29;

/** @throws Error that names the variable */
export function parseTargets(sides: readonly Side[], env: NodeJS.ProcessEnv): Target[] {
  return sides.map((side) => {
    const variable = side === 'dpu' ? 'KUBECONFIG_DPU' : 'KUBECONFIG_HOST';
    const kubeconfig = env[variable] || defaultKubeconfigs[variable];
    if (!existsSync(kubeconfig)) {
      throw new Error(`${variable}: there is no file ${kubeconfig}; it must be a kubeconfig of the ${names[side]}`);
    }
    return { side, name: names[side], kubeconfig, overlays: overlays[side] };
  });
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

/**
 * Changes nothing.
 *
 * @throws Error that says why the cluster cannot be worked on, and what to do
 */
export async function requireReachable(target: Target, program: string): Promise<Kubectl> {
  const kubectl = new Kubectl(program, target.kubeconfig);
  const { exitCode, stdout, stderr } = await kubectl.try(['version', '-o', 'json'], undefined, answerTimeoutMs);
  const server = exitCode === 0 ? JSON.parse(stdout).serverVersion : undefined;
  if (!server) throw new Error(`the ${target.name} (${target.kubeconfig}) does not answer: ${stderr.trim()}`);
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

/** Changes nothing. @throws Error where something is in the way of an installation, and what to do */
export async function requireInstallable(target: Target, kubectl: Kubectl): Promise<void> {
  const phase = await ask(kubectl, ['get', 'namespace', namespace, '-o', 'jsonpath={.status.phase}']);
  if (phase === 'Terminating') {
    throw new Error(`in the ${target.name} the namespace ${namespace} is still being deleted: wait, then try again`);
  }
  const text = await ask(kubectl, ['get', operator, '-n', namespace, '-o', 'json']);
  const labels = text ? ((JSON.parse(text) as Deployment).spec.selector.matchLabels ?? {}) : {};
  if (labels['control-plane'] === 'controller-manager') {
    throw new Error(
      `the Go operator is installed in the ${target.name}: take it over (make migrate) or remove it first`,
    );
  }
}

/** Standard output, or '' where the object is not there. */
export async function ask(kubectl: Kubectl, args: readonly string[]): Promise<string> {
  const result = await kubectl.try([...args, '--ignore-not-found'], undefined, answerTimeoutMs);
  if (result.exitCode !== 0) throw new CommandError(['kubectl', ...args], result);
  return result.stdout.trim();
}
