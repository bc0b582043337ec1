import { readFile } from 'node:fs/promises';
import { ensureDebianPackages } from '../debian.ts';
import type { Log } from '../progress.ts';
import { attempt, type RunOptions, type RunResult, run } from '../run.ts';
import { podmanEnvironment } from './podman-settings.ts';

/** A program that builds images; `env` goes to every program that calls it, Kind included. */
export interface Builder {
  name: 'docker' | 'podman' | 'buildah';
  env: Record<string, string>;
  attempt(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  run(args: readonly string[], options?: RunOptions): Promise<string>;
}

/** One that runs containers too. */
export interface Engine extends Builder {
  name: 'docker' | 'podman';
}

/** An engine that answers in longer than this is not usable. */
const answerTimeoutMs = 60_000;

const podmanPackages = ['podman', 'runc', 'netavark', 'aardvark-dns', 'iptables'];

/** Docker where it answers, else podman, which is installed where that is possible. */
export async function findEngine(log: Log): Promise<Engine> {
  if (await dockerAnswers()) return engine('docker', {});
  if (!(await podmanInstalled())) {
    await ensureDebianPackages(log, 'a container engine (Docker does not answer, podman is missing)', podmanPackages);
  }
  const podman = engine('podman', { KIND_EXPERIMENTAL_PROVIDER: 'podman', ...(await podmanEnvironment()) });
  const info = await podman.attempt(['info'], { timeoutMs: answerTimeoutMs });
  if (info.exitCode !== 0) {
    throw new Error(`Docker does not answer and podman does not work; start Docker or repair podman: ${info.stderr}`);
  }
  return podman;
}

const builders = ['docker', 'podman', 'buildah'] as const;

/**
 * Docker, podman or buildah, whichever answers first. Nothing is installed.
 *
 * @param wanted the one to use, whichever else answers
 * @throws Error that says what to install
 */
export async function findBuilder(wanted = process.env.ENGINE): Promise<Builder> {
  const candidates = builders.filter((name) => !wanted || name === wanted);
  if (candidates.length === 0) throw new Error(`ENGINE=${wanted}: there are ${builders.join(', ')}`);
  const refusals: string[] = [];
  for (const name of candidates) {
    if (name === 'docker') {
      if (await dockerAnswers()) return engine('docker', { DOCKER_BUILDKIT: '1' });
      refusals.push('docker does not answer');
      continue;
    }
    const candidate = engine(name, await podmanEnvironment());
    const { exitCode, stderr } = await candidate.attempt(['info'], { timeoutMs: answerTimeoutMs });
    if (exitCode === 0) return candidate;
    refusals.push(`${name}: ${stderr.trim().split('\n').at(-1)}`);
  }
  throw new Error(
    `No program builds images (${refusals.join('; ')}). Install Docker, podman or buildah; ` +
      'on Debian or Ubuntu: sudo apt-get install podman',
  );
}

/** True only for the real thing: Kind's docker provider does not work with podman under docker's name. */
async function dockerAnswers(): Promise<boolean> {
  const name = await attempt(['docker', '--version'], { timeoutMs: answerTimeoutMs });
  if (name.exitCode !== 0 || /podman/i.test(name.stdout + name.stderr)) return false;
  const server = await attempt(['docker', 'version', '--format', '{{.Server.Version}}'], {
    timeoutMs: answerTimeoutMs,
  });
  return server.exitCode === 0;
}

async function podmanInstalled(): Promise<boolean> {
  return (await attempt(['podman', '--version'])).exitCode === 0;
}

function engine<Name extends Builder['name']>(name: Name, env: Record<string, string>): Builder & { name: Name } {
  const withEnv = (options: RunOptions = {}): RunOptions => ({ ...options, env: { ...env, ...options.env } });
  return {
    name,
    env,
    attempt: (args, options) => attempt([name, ...args], withEnv(options)),
    run: (args, options) => run([name, ...args], withEnv(options)),
  };
}

/** Cgroup v1 needs settings of its own in several places (kubelet refuses it by default). */
export async function usesCgroupV1(): Promise<boolean> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  return mounts.split('\n').some((line) => line.split(' ')[2] === 'cgroup');
}
