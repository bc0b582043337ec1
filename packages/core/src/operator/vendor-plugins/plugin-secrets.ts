/** Secrets that registries of plugins are asked with. Each is sent to the registry that it was made for, and to no other. */
import type { VendorPlugin } from '../../api/kinds/vendor-plugin.ts';
import { workloads } from '../../api/names/names.ts';
import { type KubeStore, secret, serviceAccount } from '../../kube/index.ts';
import { type PullSecret, parsePullSecret, pullSecretType } from '../../plugins/image/pull-secret.ts';
import { LookupError } from '../../plugins/lookup/lookup-error.ts';
import { type Credentials, CredentialsError, parseCredentials } from '../../plugins/npm/settings.ts';
import type { PluginRegistry } from './plugin-registry.ts';

export interface SecretReader {
  store: KubeStore;
  /** The operator's. */
  namespace: string;
}

/** @throws LookupError SecretMissing, SecretInvalid. */
export async function npmCredentials(
  reader: SecretReader,
  { url, credentialsSecret: name }: PluginRegistry,
): Promise<Credentials | undefined> {
  if (!name) return undefined;
  const keys = 'the keys registry, and token, or username and password';
  return await parsed(reader, name, keys, ({ data }) => parseCredentials(data, url));
}

/**
 * Those that the nodes pull the plugin's images with: the VendorPlugin's, otherwise those of the account of its pods.
 *
 * @throws LookupError SecretInvalid, and SecretMissing where the VendorPlugin names the Secret
 */
export async function pullSecrets(reader: SecretReader, { spec }: VendorPlugin): Promise<PullSecret[]> {
  const named = spec.pod?.imagePullSecrets;
  if (named) {
    const how = `type ${pullSecretType}, as kubectl create secret docker-registry makes it`;
    return await Promise.all(
      named.map(({ name }) => parsed(reader, name, how, ({ type, data }) => parsePullSecret(type, data))),
    );
  }
  const { store, namespace } = reader;
  const account = await store.get(serviceAccount, spec.pod?.serviceAccountName ?? workloads.vsp, namespace);
  const found = await Promise.all(
    (account?.imagePullSecrets ?? []).map(async ({ name }) => ({ name, is: await read(reader, name) })),
  );
  // OpenShift adds Secrets of another type, with a token of the account in them: these are not for registries elsewhere.
  return found.flatMap(({ name, is }) =>
    is?.type === pullSecretType ? [readable(reader, name, is, ({ type, data }) => parsePullSecret(type, data))] : [],
  );
}

interface ReadSecret {
  type: string | undefined;
  data: Record<string, string>;
}

async function read({ store, namespace }: SecretReader, name: string): Promise<ReadSecret | undefined> {
  const found = await store.get(secret, name, namespace);
  if (!found) return undefined;
  const decode = (value: string) => Buffer.from(value, 'base64').toString('utf8');
  const entries = Object.entries(found.data ?? {}).map(([key, value]) => [key, decode(value)]);
  return { type: found.type, data: Object.fromEntries(entries) };
}

async function parsed<T>(
  reader: SecretReader,
  name: string,
  needs: string,
  parse: (secret: ReadSecret) => T,
): Promise<T> {
  const { namespace } = reader;
  const found = await read(reader, name);
  if (!found) {
    const message = `there is no Secret ${name} in namespace ${namespace}: create it, with ${needs}`;
    throw new LookupError('SecretMissing', message);
  }
  return readable(reader, name, found, parse);
}

function readable<T>(
  { namespace }: SecretReader,
  name: string,
  found: ReadSecret,
  parse: (secret: ReadSecret) => T,
): T {
  try {
    return parse(found);
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error;
    throw new LookupError('SecretInvalid', `Secret ${namespace}/${name} ${error.message}`, { cause: error });
  }
}
