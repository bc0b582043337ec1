/** How a registry wants to be told who asks: its header WWW-Authenticate. Pure. */

export interface Challenge {
  /** In lower case. */
  scheme: string;
  parameters: Readonly<Record<string, string>>;
}

export function challengeOf(header: string): Challenge | undefined {
  const [, scheme, rest = ''] = /^\s*([A-Za-z]+)(?:\s+(.*))?$/s.exec(header) ?? [];
  if (!scheme) return undefined;
  const pairs = [...rest.matchAll(/([A-Za-z_-]+)=(?:"([^"]*)"|([^\s,]+))/g)];
  const parameters = Object.fromEntries(pairs.map(([, name = '', quoted, plain]) => [name, quoted ?? plain ?? '']));
  return { scheme: scheme.toLowerCase(), parameters };
}

/**
 * Where a token is had that lets its owner read a repository (https://distribution.github.io/distribution/spec/auth/token/).
 * Undefined where the challenge names no such URL.
 */
export function tokenUrl({ parameters }: Challenge, repository: string): URL | undefined {
  const { realm = '', service, scope = `repository:${repository}:pull` } = parameters;
  if (!URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  return url;
}
