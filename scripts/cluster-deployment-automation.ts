/**
 * Sets clusters up on real machines by cluster-deployment-automation
 * (https://github.com/bn222/cluster-deployment-automation), as users of the Go operator do.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { repositoryRoot } from '../test/cluster/paths.ts';
import { type Log, step } from '../test/cluster/progress.ts';
import { run } from '../test/cluster/run.ts';
import type { Side } from './clusters.ts';

export interface Cda {
  directory: string;
  python: string;
  pullSecret: string;
  /** Descriptions of the clusters, in the order in which they are set up. */
  configs: string[];
}

/** What each variable names; a path where people have it is taken without being named. */
const needs = {
  CDA: {
    fallback: 'cluster-deployment-automation',
    what: 'a checkout of cluster-deployment-automation',
    file: 'cda.py',
  },
  CDA_VENV: { fallback: '/tmp/cda-venv', what: 'a Python environment with its requirements', file: 'bin/python3' },
  CDA_PULL_SECRET: { fallback: '/root/pull_secret.json', what: 'a pull secret for OpenShift', file: '' },
  CDA_CONFIG_1C: {
    fallback: 'hack/cluster-configs/config-1-cluster.yaml',
    what: 'the description of the cluster',
    file: '',
  },
  CDA_CONFIG_HOST: {
    fallback: 'hack/cluster-configs/config-dpu-host.yaml',
    what: "the description of the hosts' cluster",
    file: '',
  },
  CDA_CONFIG_DPU: {
    fallback: 'hack/cluster-configs/config-dpu.yaml',
    what: "the description of the DPUs' cluster",
    file: '',
  },
} as const;

type Variable = keyof typeof needs;

const configOf = {
  one: 'CDA_CONFIG_1C',
  host: 'CDA_CONFIG_HOST',
  dpu: 'CDA_CONFIG_DPU',
} as const satisfies Record<Side, Variable>;

/** @throws Error that names everything that is missing, and the variables that say where it is */
export function requireCda(env: NodeJS.ProcessEnv, sides: readonly Side[]): Cda {
  const path = (variable: Variable) => resolve(repositoryRoot, env[variable] || needs[variable].fallback);
  const configs = sides.map((side) => configOf[side]);
  const variables: Variable[] = ['CDA', 'CDA_VENV', 'CDA_PULL_SECRET', ...configs];
  const missing = variables.filter((variable) => !existsSync(join(path(variable), needs[variable].file)));
  if (missing.length > 0) {
    const lines = missing.map((variable) => `  ${variable}=${path(variable)}: ${needs[variable].what}`);
    throw new Error(
      `No clusters are set up, since this is missing:\n${lines.join('\n')}\n` +
        'Set the variables to where it is. For clusters that run already there are fast-e2e-test and fast-e2e-test-1c.',
    );
  }
  return {
    directory: path('CDA'),
    python: join(path('CDA_VENV'), 'bin/python3'),
    pullSecret: path('CDA_PULL_SECRET'),
    configs: configs.map(path),
  };
}

/** Takes an hour and more. @throws Error with what it says */
export async function setUpClusters(log: Log, { directory, python, pullSecret, configs }: Cda): Promise<void> {
  for (const config of configs) {
    await step(log, `set up the cluster of ${config}`, (detail) =>
      run([python, 'cda.py', '--secret', pullSecret, config, 'deploy'], { cwd: directory, onErrorLine: detail }),
    );
  }
}
