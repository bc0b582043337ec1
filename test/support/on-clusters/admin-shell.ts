/**
 * The shell of somebody who administers the host cluster and the DPU cluster: with `kubectl` and `dpuctl`, a kubeconfig
 * with the contexts `host` and `dpu`, and a directory for the files that pass between the two.
 */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { repositoryRoot } from '../../cluster/paths.ts';
import { attempt, CommandError, type RunResult } from '../../cluster/run.ts';
import type { Side, Sides } from './sides.ts';

interface Kubeconfig {
  clusters: { name: string; cluster: object }[];
  users: { name: string; user: object }[];
}

export class AdminShell {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async open({ hostSide, dpuSide }: Sides): Promise<AdminShell> {
    const directory = await mkdtemp(join(tmpdir(), 'dpu-admin-'));
    const [host, dpu] = await Promise.all([entries('host', hostSide), entries('dpu', dpuSide)]);
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [host.cluster, dpu.cluster],
      users: [host.user, dpu.user],
      contexts: [host.context, dpu.context],
      'current-context': 'host',
    };
    await writeFile(join(directory, 'kubeconfig'), stringify(kubeconfig));
    await mkdir(join(directory, 'bin'));
    await program(directory, 'kubectl', hostSide.kubectl.program);
    const dpuctl = join(repositoryRoot, 'packages/core/dist/bundle/dpuctl.mjs');
    await program(directory, 'dpuctl', process.execPath, dpuctl);
    return new AdminShell(directory);
  }

  /** @throws CommandError when it ends with another code than 0 */
  async run(script: string): Promise<string> {
    const result = await this.try(script);
    if (result.exitCode !== 0) throw new CommandError([script], result);
    return result.stdout.trim();
  }

  try(script: string): Promise<RunResult> {
    return attempt(['bash', '-euo', 'pipefail', '-c', script], {
      cwd: this.directory,
      env: {
        KUBECONFIG: join(this.directory, 'kubeconfig'),
        PATH: `${join(this.directory, 'bin')}:${process.env.PATH}`,
      },
    });
  }

  /** Removes the directory. */
  close(): Promise<void> {
    return rm(this.directory, { recursive: true });
  }
}

/** A cluster's entries of a kubeconfig, under another name. */
async function entries(name: string, { cluster: { kubeconfig } }: Side) {
  const { clusters, users } = parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
  return {
    cluster: { ...clusters[0], name },
    user: { ...users[0], name },
    context: { name, context: { cluster: name, user: name } },
  };
}

async function program(directory: string, name: string, ...command: string[]): Promise<void> {
  const path = join(directory, 'bin', name);
  await writeFile(path, `#!/bin/sh\nexec ${command.map((word) => `'${word}'`).join(' ')} "$@"\n`);
  await chmod(path, 0o755);
}
