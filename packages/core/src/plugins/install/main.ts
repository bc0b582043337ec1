/** Puts a plugin on its node: the program of the VSP pods' init container. */
import { existsSync, writeFileSync } from 'node:fs';
import { InstallError, installReasons } from './install-error.ts';
import { parseRequest } from './request.ts';
import { storeOf } from './store.ts';

/** The kubelet shows its text in the pod's status. */
const terminationLog = '/dev/termination-log';

const log = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const request = parseRequest(process.argv.slice(2));
  const { packageName, version, directory } = request;
  const store = storeOf(directory);
  // Before the look: what is claimed is not pruned by another's installation.
  await store.claim(request.user, directory);
  if (await store.has(directory, packageName)) {
    log(`${packageName} ${version}: is there`);
    return;
  }
  const { fetchRelease } = await import('./fetch.ts');
  await fetchRelease(request, store, log);
  for (const name of await store.prune()) log(`${name}: removed, no DPU uses it`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const { reason, message } = asInstallError(error);
    const line = `${reason}: ${message.replace(/\s+/g, ' ')}`;
    process.stderr.write(`${line}\n`);
    if (existsSync(terminationLog)) writeFileSync(terminationLog, line);
    process.exit(installReasons[reason]);
  },
);

function asInstallError(error: unknown): InstallError {
  if (error instanceof InstallError) return error;
  const onDisk = error instanceof Error && 'syscall' in error && 'path' in error;
  const message = error instanceof Error ? error.message : String(error);
  return new InstallError(onDisk ? 'NodeStorage' : 'InstallFailed', message, { cause: error });
}
