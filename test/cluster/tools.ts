import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { requireGo } from './go.ts';
import { goPrograms, goRecipes } from './node-image/go-programs.ts';
import { cachePath } from './paths.ts';
import { type Log, step } from './progress.ts';
import { attempt, run } from './run.ts';
import { versions } from './versions.ts';

/** The programs that a cluster is made and handled with. */
export interface Tools {
  kind: string;
  kubectl: string;
}

export async function ensureTools(log: Log): Promise<Tools> {
  return { kind: await ensureKind(log), kubectl: await ensureKubectl(log) };
}

/** Only this version: what a node image must look like changes between versions of Kind. Built where it is missing. */
async function ensureKind(log: Log): Promise<string> {
  const directory = cachePath('bin', `kind-${versions.kind}`);
  const cached = join(directory, 'kind');
  if (existsSync(cached)) return cached;
  const found = await attempt(['kind', 'version']);
  if (found.exitCode === 0 && found.stdout.includes(`${versions.kind} `)) return 'kind';
  await requireGo(`kind ${versions.kind}`);
  await mkdir(directory, { recursive: true });
  await step(log, `build kind ${versions.kind}`, () =>
    run(['nice', 'go', 'install', `sigs.k8s.io/kind@${versions.kind}`], {
      env: { GOBIN: directory, CGO_ENABLED: '0' },
    }),
  );
  return cached;
}

/** The one on PATH where it fits the clusters that are made here, else one that is built. */
export async function ensureKubectl(log: Log): Promise<string> {
  const { exitCode, stdout } = await attempt(['kubectl', 'version', '--client', '--output=json']);
  if (exitCode === 0 && fits(minorOf(JSON.parse(stdout).clientVersion.gitVersion))) return 'kubectl';
  const recipe = { ...goRecipes.kubernetes, name: 'kubectl', packages: ['cmd/kubectl'] };
  return join(await goPrograms(log, recipe), 'kubectl');
}

/** kubectl is supported one minor version below and above that of the API server. */
function fits(minor: number): boolean {
  return Math.abs(minor - minorOf(versions.kubernetes)) <= 1;
}

function minorOf(version: string): number {
  return Number(/^v1\.(\d+)/.exec(version)?.[1]);
}
