/** Credentials for registries of images, as the kubelet takes them: Secrets of type kubernetes.io/dockerconfigjson. Pure. */
import { z } from 'zod';
import { parseJson } from '../../json.ts';
import { CredentialsError } from '../npm/settings.ts';
import type { ImageReference } from './reference.ts';

export const pullSecretType = 'kubernetes.io/dockerconfigjson';
const key = '.dockerconfigjson';

export interface Login {
  username: string;
  password: string;
}

export interface PullSecret {
  /** By registry, or part of one; an error where what stands there is no login. */
  logins: ReadonlyMap<string, Login | CredentialsError>;
  /** PEM of an authority that signs the certificates of its registries. */
  ca: string | undefined;
}

const entrySchema = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
});
const configSchema = z.object({ auths: z.record(z.string(), entrySchema).default({}) });

/**
 * The type is what makes a Secret one for registries: any other is sent nowhere, whoever names it.
 *
 * @param data its keys, as text
 * @throws CredentialsError that names what is wrong
 */
export function parsePullSecret(type: string | undefined, data: Readonly<Record<string, string>>): PullSecret {
  if (type !== pullSecretType) throw new CredentialsError(`is of type ${type ?? 'Opaque'}, must be ${pullSecretType}`);
  const parsed = configSchema.safeParse(parseJson(data[key] ?? ''));
  if (!parsed.success) throw new CredentialsError(`has no registries with credentials in its key ${key}`);
  const logins = new Map(
    Object.entries(parsed.data.auths).map(([registry, entry]) => [nameOf(registry), loginOf(registry, entry)]),
  );
  return { logins, ca: data['ca.crt']?.trim() || undefined };
}

/** Not thrown: a Secret is often for many registries, and most of them are not asked. */
function loginOf(
  registry: string,
  { auth, identitytoken, ...given }: z.infer<typeof entrySchema>,
): Login | CredentialsError {
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(auth ?? '', 'base64').toString('utf8')) ?? [];
  const login = { username: username ?? given.username, password: password ?? given.password };
  if (login.username && login.password) return { username: login.username, password: login.password };
  const told = identitytoken ? ', but an identitytoken, which is not supported' : '';
  return new CredentialsError(`has no username and password for ${registry}${told}`);
}

/** `docker login` writes some registries as URLs, and Docker Hub by an address of old. */
function nameOf(registry: string): string {
  const bare = registry.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, '');
  return bare === 'index.docker.io' ? 'docker.io' : bare;
}

/**
 * The login of the longest name that an image's begins with; `*` stands for one label of a host, as with the kubelet.
 *
 * @throws CredentialsError where what stands there is no login
 */
export function loginFor(
  { registry, repository }: Pick<ImageReference, 'registry' | 'repository'>,
  secrets: readonly PullSecret[],
): Login | undefined {
  const all = secrets.flatMap(({ logins }) => [...logins]);
  const [found] = all.filter(([name]) => covers(name, registry, repository)).sort(([a], [b]) => b.length - a.length);
  const login = found?.[1];
  if (login instanceof CredentialsError) throw login;
  return login;
}

/** The authorities for a registry: those of the Secrets that are for it. One that names no registry is for all. */
export function authoritiesFor(
  { registry }: Pick<ImageReference, 'registry'>,
  secrets: readonly PullSecret[],
): string[] {
  const isFor = ({ logins }: PullSecret) =>
    logins.size === 0 || [...logins.keys()].some((name) => isOfHost(name, registry));
  return secrets.filter(isFor).flatMap(({ ca }) => ca ?? []);
}

function covers(name: string, registry: string, repository: string): boolean {
  if (!isOfHost(name, registry)) return false;
  const [, ...path] = name.split('/');
  const prefix = path.join('/');
  return prefix === '' || repository === prefix || repository.startsWith(`${prefix}/`);
}

function isOfHost(name: string, registry: string): boolean {
  const [host = ''] = name.split('/');
  const labels = host.split('.');
  const theirs = registry.split('.');
  if (labels.length !== theirs.length) return false;
  return labels.every((label, index) => label === '*' || label === theirs[index]);
}
