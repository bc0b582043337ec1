import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { requireGo } from './go.ts';
import { goPrograms, goRecipes } from './node-image/go-programs.ts';
import { cachePath } from './paths.ts';
import { type Log, step } from './progress.ts';
import { attempt, run } from './run.ts';
import { versions } from './versions.ts';

export interface Tools {
  kind: string;
  kubectl: string;
}

/** The programs that the cluster is handled with; what is not on PATH is built into the cache. */
export async function ensureTools(log: Log): Promise<Tools> {
  return { kind: await ensureKind(log), kubectl: await ensureKubectl(log) };
}

/** Only this version: what a node image must look like changes between versions of Kind. */
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

async function ensureKubectl(log: Log): Promise<string> {
  if ((await attempt(['kubectl', 'version', '--client'])).exitCode === 0) return 'kubectl';
  return join(await goPrograms(log, goRecipes.kubernetes), 'kubectl');
}
