/** Programs that tests run and that are built of their Go modules, once. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { requireGo } from '../../cluster/go.ts';
import { withLock } from '../../cluster/lock.ts';
import { cachePath } from '../../cluster/paths.ts';
import { type Log, step } from '../../cluster/progress.ts';
import { run } from '../../cluster/run.ts';

const tools = {
  helm: { module: 'helm.sh/helm/v3/cmd/helm', version: 'v3.22.0' },
  task: { module: 'github.com/go-task/task/v3/cmd/task', version: 'v3.38.0' },
  operatorVerify: { module: 'github.com/operator-framework/api/cmd/operator-verify', version: 'v0.34.0' },
} as const;

export function ensureHelm(log: Log): Promise<string> {
  return ensure(log, tools.helm);
}

export function ensureTask(log: Log): Promise<string> {
  return ensure(log, tools.task);
}

/** The Operator Framework's validation of bundles. */
export function ensureOperatorVerify(log: Log): Promise<string> {
  return ensure(log, tools.operatorVerify);
}

/** Path of the program. */
function ensure(log: Log, { module, version }: { module: string; version: string }): Promise<string> {
  const name = basename(module);
  return withLock(log, name, async () => {
    const directory = cachePath('bin', `${name}-${version}`);
    const program = join(directory, name);
    if (existsSync(program)) return program;
    await requireGo(`${name} ${version}`);
    await mkdir(directory, { recursive: true });
    await step(log, `build ${name} ${version}`, () =>
      run(['nice', 'go', 'install', `${module}@${version}`], { env: { GOBIN: directory, CGO_ENABLED: '0' } }),
    );
    return program;
  });
}
