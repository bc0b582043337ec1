/** Installs a release from its registry. */
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DpuError } from '@dpu-operator/sdk';
import { type ExecResult, exec } from '@dpu-operator/sdk/linux';
import { failureKind, npmFailure } from '../npm/failure.ts';
import { NpmDirectory } from '../npm/run-npm.ts';
import { type Credentials, CredentialsError, parseCredentials } from '../npm/settings.ts';
import { packageIn } from './directory.ts';
import { InstallError, type InstallReason } from './install-error.ts';
import { type LockFile, readLock } from './lock-file.ts';
import type { InstallRequest } from './request.ts';
import type { PluginStore } from './store.ts';

const patience = { silenceMs: 20_000, retries: 2 };
const limitMs = 600_000;

/** @throws InstallError; nothing of a failed installation stays. */
export async function fetchRelease(
  request: InstallRequest,
  store: PluginStore,
  log: (line: string) => void,
): Promise<void> {
  const { directory, packageName, version, integrity, registry } = request;
  const hash = directory.slice(directory.lastIndexOf('-') + 1);
  const lock = await readLock(request.lock, { packageName, version, integrity, hash });
  const credentials = await readCredentials(request.credentials, registry);
  log(`${packageName} ${version}: installing from ${registry}, packages: ${lock.size}`);
  const started = performance.now();
  const work = await store.workDirectory();
  try {
    await writeFile(join(work, 'package.json'), lock.packageJson);
    await writeFile(join(work, 'package-lock.json'), lock.text);
    const { npmDirectory } = request;
    const options = { registry, credentials, ...patience, ...(npmDirectory && { npmDirectory }) };
    await using npm = await NpmDirectory.create(options, work);
    const result = await run(npm, registry);
    if (result.exitCode !== 0) throw installError(result, registry, lock);
    await checkInstalled(work, request);
    // For VSPs that do not run as root.
    await chmod(work, 0o755);
    await flush(work);
    const first = await store.put(work, directory);
    await flush(store.root);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    log(`${packageName} ${version}: ${first ? 'installed' : 'was installed by another meanwhile'}, ${seconds} s`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function run(npm: NpmDirectory, registry: string): Promise<ExecResult> {
  try {
    return await npm.run(['ci', '--omit=dev', '--json'], limitMs);
  } catch (error) {
    const { code, message } = DpuError.from(error);
    if (code === 'DEADLINE_EXCEEDED') throw new InstallError('TimedOut', `${registry} took too long`, { cause: error });
    throw new InstallError('InstallFailed', message, { cause: error });
  }
}

/** What was locked is what lies there: npm has compared every tarball with its hash. */
async function checkInstalled(work: string, { packageName, version }: InstallRequest): Promise<void> {
  const packageJson = JSON.parse(await readFile(join(packageIn(work, packageName), 'package.json'), 'utf8'));
  if (packageJson.version === version) return;
  throw new InstallError('Tampered', `the tarball of ${packageName} ${version} holds version ${packageJson.version}`);
}

/** A node that loses power must not come back with empty files under the release's name. */
async function flush(path: string): Promise<void> {
  await exec('sync', ['--file-system', path], { timeoutMs: 60_000 });
}

async function readCredentials(mount: string | undefined, registry: string): Promise<Credentials | undefined> {
  if (mount === undefined) return undefined;
  const files = await readdir(mount).catch(() => []);
  const entries = await Promise.all(
    files
      .filter((file) => !file.startsWith('..'))
      .map(async (file) => [file, await readFile(join(mount, file), 'utf8')]),
  );
  // The Secret may be gone; whether the registry minds is its to say.
  if (entries.length === 0) return undefined;
  try {
    return parseCredentials(Object.fromEntries(entries), registry);
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error;
    throw new InstallError('CredentialsInvalid', `the registry's Secret ${error.message}`, { cause: error });
  }
}

function installError(result: ExecResult, registry: string, lock: LockFile): InstallError {
  const failure = npmFailure(result);
  const detail = `${failure.code}: ${failure.summary}`;
  const told: Partial<Record<ReturnType<typeof failureKind>, [InstallReason, string]>> = {
    tampered: [
      'Tampered',
      `what ${registry} has of ${lock.packageIn(failure.summary) ?? 'a package'} is not what was locked: ask its vendor for another version`,
    ],
    notFound: [
      'Unpublished',
      `${registry} no longer has all that the plugin needs: ask its vendor for another version`,
    ],
    unauthorized: ['Unauthorized', `${registry} refuses the credentials, or wants some`],
    unreachable: ['RegistryUnreachable', `${registry} does not answer this node`],
    untrusted: ['RegistryUntrusted', `the certificate of ${registry} is not trusted`],
    node: ['NodeStorage', "the node's disk does not take it"],
  };
  const [reason, message] = told[failureKind(failure)] ?? ['InstallFailed', 'npm failed'];
  return new InstallError(reason, `${message} (${detail})`);
}
