/** Asks a registry for a version of a plugin: its manifest, its hash and the lock of all that it depends on. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DpuError } from '@dpu-operator/sdk';
import type { ExecResult } from '@dpu-operator/sdk/linux';
import { z } from 'zod';
import { failureKind, type NpmFailure, npmFailure } from '../npm/failure.ts';
import { NpmDirectory } from '../npm/run-npm.ts';
import type { Credentials } from '../npm/settings.ts';
import { checkLock } from './lock.ts';
import { LookupError } from './lookup-error.ts';
import { checkPackageManifest } from './manifest.ts';
import { pickVersion } from './pick-version.ts';

export interface LookupRequest {
  packageName: string;
  /** Version, range or tag. */
  requested: string;
  /** What the tarball's hash must be. */
  integrity?: string | undefined;
  registry: string;
  credentials?: Credentials | undefined;
  /** What is locked already: found again, it is not locked anew. */
  locked?: { version: string; integrity: string } | undefined;
  npmDirectory?: string | undefined;
  /** PEM bundle of authorities to trust beside the public ones, where the file exists. Default: the installation's. */
  caBundle?: string | undefined;
  /** Ends it. */
  signal?: AbortSignal | undefined;
}

export interface LookedUp {
  version: string;
  integrity: string;
  /** As it stands in the package.json; it has been checked. */
  manifest: Record<string, unknown>;
  /** Text of the lock file; undefined for what was locked already. */
  lock?: string | undefined;
}

export type LookUp = (request: LookupRequest) => Promise<LookedUp>;

/**
 * A registry that is down is told within 10 seconds by npm itself; one that answered may take longer over the whole tree. The
 * limit is for npm as a whole, which on a busy node takes seconds to start.
 */
const firstContact = { silenceMs: 4500, retries: 1, limitMs: 60_000 };
const fullTree = { silenceMs: 20_000, retries: 2, limitMs: 120_000 };

const versionsSchema = z.object({
  'dist-tags': z.record(z.string(), z.string()).default({}),
  versions: z.union([z.array(z.string()), z.string().transform((only) => [only])]),
});

const versionSchema = z.object({
  dist: z.object({ integrity: z.string().optional() }),
  dpu: z.unknown().optional(),
});

/**
 * Runs npm in child processes, so that what a registry answers costs this process no memory; none of the package's code
 * is run or even fetched.
 *
 * @throws LookupError, and the signal's reason when it is aborted.
 */
export const lookUp: LookUp = async (request) => {
  const { packageName, registry, credentials, npmDirectory, caBundle, locked } = request;
  const settings = { registry, credentials };
  await using npm = await NpmDirectory.create({
    ...settings,
    ...firstContact,
    ...(npmDirectory && { npmDirectory }),
    ...(caBundle && { caBundle }),
  });
  const view = async (spec: string, fields: string[]) => {
    const args = ['view', spec, ...fields, '--json'];
    return await answer(request, 'package', () => npm.run(args, firstContact.limitMs, request.signal));
  };
  const published = parse(versionsSchema, await view(packageName, ['dist-tags', 'versions']), registry);
  const version = pickVersion(request.requested, { tags: published['dist-tags'], versions: published.versions });
  const fields = ['name', 'version', 'dist', 'dpu'];
  const { dist, dpu } = parse(versionSchema, await view(`${packageName}@${version}`, fields), registry);
  const integrity = checkIntegrity(dist.integrity, request, version);
  checkPackageManifest(dpu);
  const manifest = z.record(z.string(), z.unknown()).parse(dpu);
  if (locked?.version === version && locked.integrity === integrity) return { version, integrity, manifest };

  await npm.configure({ ...settings, ...fullTree });
  const packageJson = { name: 'dpu-plugin', version: '1.0.0', private: true, dependencies: { [packageName]: version } };
  await writeFile(join(npm.path, 'package.json'), JSON.stringify(packageJson));
  await answer(request, 'dependency', () =>
    npm.run(['install', '--package-lock-only', '--json'], fullTree.limitMs, request.signal),
  );
  const text = await readFile(join(npm.path, 'package-lock.json'), 'utf8');
  const lock = checkLock(text, { packageName, version, integrity });
  return { version, integrity, manifest, lock };
};

function checkIntegrity(published: string | undefined, { integrity: wanted }: LookupRequest, version: string): string {
  if (!published || !/^sha(256|384|512)-/.test(published)) {
    throw new LookupError('IntegrityMissing', `the registry gives version ${version} no SHA-2 hash; publish it anew`);
  }
  if (wanted && wanted !== published) {
    const message = `spec.integrity is ${wanted}, but the registry says that ${version} has ${published}; do not run it before you know why`;
    throw new LookupError('IntegrityMismatch', message);
  }
  return published;
}

async function answer(
  request: LookupRequest,
  about: 'package' | 'dependency',
  run: () => Promise<ExecResult>,
): Promise<string> {
  let result: ExecResult;
  try {
    result = await run();
  } catch (error) {
    request.signal?.throwIfAborted();
    const late = DpuError.from(error).code === 'DEADLINE_EXCEEDED';
    const message = late ? `the registry ${request.registry} took too long` : DpuError.from(error).message;
    throw new LookupError(late ? 'TimedOut' : 'LookupFailed', message, { cause: error });
  }
  if (result.exitCode === 0) return result.stdout;
  throw lookupError(npmFailure(result), request, about);
}

/** What a failure of npm means for whoever wrote the VendorPlugin. */
function lookupError(
  failure: NpmFailure,
  { packageName, registry }: Pick<LookupRequest, 'packageName' | 'registry'>,
  about: 'package' | 'dependency',
): LookupError {
  const detail = `${failure.code}: ${failure.summary}`;
  switch (failureKind(failure)) {
    case 'notFound':
      if (about === 'dependency') {
        return new LookupError('DependencyNotFound', `${registry} lacks something that it depends on (${detail})`);
      }
      return new LookupError(
        'PackageNotFound',
        `${registry} has no package ${packageName}, or shows it only to some: check spec.package, spec.registry and spec.credentialsSecret`,
      );
    case 'unauthorized':
      return new LookupError(
        'Unauthorized',
        `${registry} refuses the credentials, or wants some (${detail}): check the Secret of spec.credentialsSecret`,
      );
    case 'untrusted':
      return new LookupError(
        'RegistryUntrusted',
        `the certificate of ${registry} is not trusted (${detail}): put its authority's into ca.crt of the Secret of spec.credentialsSecret`,
      );
    case 'unreachable':
      return new LookupError(
        'RegistryUnreachable',
        `${registry} does not answer as a registry does (${detail}): check spec.registry, and the way there from the operator's pod`,
      );
    case 'forbiddenSource':
      return new LookupError(
        'DependencyUnsafe',
        `it depends on what no registry vouches for (${detail}): ask its vendor to publish that to a registry`,
      );
    case 'conflict':
      return new LookupError('DependencyConflict', `what it depends on contradicts itself (${detail}): ask its vendor`);
    case 'tampered':
      return new LookupError('IntegrityMismatch', `a tarball is not what the registry says (${detail})`);
    default:
      return new LookupError('LookupFailed', detail);
  }
}

function parse<T extends z.ZodType>(schema: T, text: string, registry: string): z.infer<T> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const message = `${registry} answers, but not as an npm registry does: check spec.registry`;
    throw new LookupError('RegistryUnreachable', message, { cause });
  }
}
