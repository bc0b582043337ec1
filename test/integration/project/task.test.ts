/** Taskfile.yaml by the real task: scripts/targets.test.ts says that it has what the Makefile has. */
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { repositoryRoot } from '../../cluster/paths.ts';
import { attempt, run } from '../../cluster/run.ts';
import { ensureTask } from '../../support/programs/go-tools.ts';

let task: string;
beforeAll(async () => {
  task = await ensureTask(console.log);
}, 1_200_000);

interface Listed {
  tasks: { name: string; desc: string }[];
}

it('lists every target with its help, and knows what each would run', async () => {
  const { tasks } = JSON.parse(await run([task, '--list', '--json'], { cwd: repositoryRoot })) as Listed;
  const help = await run(['make', 'help'], { cwd: repositoryRoot });
  const made = [...help.matchAll(/^ {2}([a-z][\w-]*) +(.*)$/gm)].map(([, name, desc]) => `${name}: ${desc}`);
  expect(tasks.map(({ name, desc }) => `${name}: ${desc}`).sort()).toEqual(made.sort());
  await run([task, '--dry', '--concurrency', '1', ...tasks.map(({ name }) => name)], { cwd: repositoryRoot });
});

it.each(['make', 'task'])('%s runs a target, and its bad end is the exit code', async (tool) => {
  const program = tool === 'task' ? task : 'make';
  const env = { CDA: '/nowhere', KUBECONFIG_HOST: '/nowhere' };
  const { exitCode, stderr } = await attempt([program, 'prepare-e2e-test'], { cwd: repositoryRoot, env });
  expect(stderr).toContain('CDA=/nowhere: a checkout of cluster-deployment-automation');
  expect(exitCode).not.toBe(0);
});

it('task takes the tools of this repository, and a variable behind the task over the one of the environment', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'old-node-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await symlink('/bin/false', join(directory, 'node'));
  const env = { PATH: `${directory}:${process.env.PATH}`, CDA: '/nowhere/environment' };
  const argv = [task, 'prepare-e2e-test', "CDA=/nowhere/it's here"];
  const { exitCode, stderr } = await attempt(argv, { cwd: repositoryRoot, env });
  expect(stderr).toContain("CDA=/nowhere/it's here: a checkout of cluster-deployment-automation");
  expect(exitCode).not.toBe(0);
});
