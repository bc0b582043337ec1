/** npm's settings: which registry, who asks, and how long to wait. */

/** What a registry's Secret says, or nothing. */
export interface Credentials {
  token?: string;
  username?: string;
  password?: string;
  /** PEM of the authority that signed the registry's certificate. */
  ca?: string;
}

/** A Secret that is no credentials for that registry; the message says what it must hold. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
}

/**
 * Credentials of a Secret that says, by its key `registry`, that it was made for this registry. No other is sent there:
 * whoever names a Secret in a VendorPlugin need not be who may read it.
 *
 * @param data its keys, as text
 * @param registry URL of the registry that they are to be sent to
 * @throws CredentialsError that names what is missing
 */
export function parseCredentials(data: Readonly<Record<string, string>>, registry: string): Credentials {
  const value = (key: string) => data[key]?.trim() || undefined;
  const [token, username, password, ca] = [value('token'), value('username'), value('password'), value('ca.crt')];
  if (username && !password) throw new CredentialsError('has a username but no password');
  if (password && !username) throw new CredentialsError('has a password but no username');
  if (!token && !username && !ca) {
    const keys = Object.keys(data).join(', ') || 'no keys';
    throw new CredentialsError(`has neither token, nor username and password, nor ca.crt; it has ${keys}`);
  }
  const madeFor = value('registry');
  if (!madeFor)
    throw new CredentialsError(`names no registry: where it was made for ${registry}, add the key registry`);
  if (!isSameRegistry(madeFor, registry)) {
    throw new CredentialsError(`was made for another registry than ${registry}, by its key registry`);
  }
  for (const secret of [token, username]) {
    // It becomes a line of a file of settings.
    if (secret && /[\s\p{Cc}]/u.test(secret)) throw new CredentialsError('has white space inside token or username');
  }
  return { ...(token && { token }), ...(username && { username, password }), ...(ca && { ca }) } as Credentials;
}

/** With or without a slash at the end. */
function isSameRegistry(one: string, other: string): boolean {
  const address = (url: string) => (URL.canParse(url) ? new URL(url).href.replace(/\/$/, '') : undefined);
  return address(one) !== undefined && address(one) === address(other);
}

export interface NpmSettings {
  registry: string;
  credentials?: Credentials | undefined;
  /** File of the authority's certificate, where the credentials have one. */
  caFile?: string;
  /** Milliseconds that the registry may be silent. */
  silenceMs: number;
  /** How often a request is tried again. */
  retries: number;
}

/** The text of npm's file of settings. What is secret stands here only: a command line is for all to see. */
export function npmrc({ registry, credentials = {}, caFile, silenceMs, retries }: NpmSettings): string {
  const url = registry.endsWith('/') ? registry : `${registry}/`;
  const scope = url.replace(/^https?:/, '');
  const { token, username, password } = credentials;
  const lines = [
    ['registry', url],
    // In quotes: a # or ; would begin a comment.
    ...(token ? [[`${scope}:_authToken`, JSON.stringify(token)]] : []),
    ...(!token && username && password
      ? [
          [`${scope}:username`, JSON.stringify(username)],
          [`${scope}:_password`, Buffer.from(password).toString('base64')],
        ]
      : []),
    ...(caFile ? [['cafile', caFile]] : []),
    ['fetch-timeout', silenceMs],
    ['fetch-retries', retries],
    ['fetch-retry-mintimeout', 500],
    ['fetch-retry-factor', 2],
    ['ignore-scripts', true],
    // Only what a registry vouches for with a hash.
    ...['directory', 'file', 'git', 'remote'].map((kind) => [`allow-${kind}`, 'none']),
    ['audit', false],
    ['fund', false],
    ['update-notifier', false],
    ['progress', false],
    ['loglevel', 'error'],
    ['logs-max', 0],
  ];
  return lines.map(([key, value]) => `${key}=${value}\n`).join('');
}
