import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { requireGo } from '../cluster/go.ts';
import { withLock } from '../cluster/lock.ts';
import { cachePath } from '../cluster/paths.ts';
import { type Log, step } from '../cluster/progress.ts';
import { run } from '../cluster/run.ts';

const version = 'v3.22.0';

/** Path of the program; built from its Go module once. */
export function ensureHelm(log: Log): Promise<string> {
  return withLock(log, 'helm', () => build(log));
}

async function build(log: Log): Promise<string> {
  const directory = cachePath('bin', `helm-${version}`);
  const program = join(directory, 'helm');
  if (existsSync(program)) return program;
  await requireGo(`helm ${version}`);
  await mkdir(directory, { recursive: true });
  await step(log, `build helm ${version}`, () =>
    run(['nice', 'go', 'install', `helm.sh/helm/v3/cmd/helm@${version}`], {
      env: { GOBIN: directory, CGO_ENABLED: '0' },
    }),
  );
  return program;
}
