/** What npm says when it fails. */
import { cutText } from '@dpu-operator/sdk/cut-text';
import type { ExecResult } from '@dpu-operator/sdk/linux';

export interface NpmFailure {
  /** `E404`, `ECONNREFUSED`, `EINTEGRITY`, …; `UNKNOWN` when npm gave none. */
  code: string;
  /** npm's words, on one line. */
  summary: string;
}

export type NpmFailureKind =
  | 'notFound'
  | 'unauthorized'
  | 'unreachable'
  | 'untrusted'
  | 'tampered'
  | 'forbiddenSource'
  | 'conflict'
  | 'node'
  | 'other';

/** @param result Of npm with `--json`, and an exit code other than 0. */
export function npmFailure({ stdout, stderr }: ExecResult): NpmFailure {
  const told = fromJson(stdout);
  if (told) return told;
  const code = /^npm error code (\S+)$/m.exec(stderr)?.[1] ?? 'UNKNOWN';
  const said = stderr.replace(/^npm error (code \S+\n)?/gm, '');
  return { code, summary: oneLine(said) || 'npm ended without a word' };
}

function fromJson(stdout: string): NpmFailure | undefined {
  try {
    const { error } = JSON.parse(stdout);
    const said = [error.summary, error.detail].filter((text) => typeof text === 'string' && text !== '');
    return typeof error.code === 'string' ? { code: error.code, summary: oneLine(said[0] ?? error.code) } : undefined;
  } catch {
    return undefined;
  }
}

function oneLine(text: string): string {
  return cutText(text.replace(/\s+/g, ' ').trim(), 500);
}

const exactly: Record<string, NpmFailureKind> = {
  E404: 'notFound',
  E410: 'notFound',
  ETARGET: 'notFound',
  ENOVERSIONS: 'notFound',
  E401: 'unauthorized',
  E403: 'unauthorized',
  ENEEDAUTH: 'unauthorized',
  EOTP: 'unauthorized',
  EINTEGRITY: 'tampered',
  ERESOLVE: 'conflict',
  E429: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  ETIMEDOUT: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EPIPE: 'unreachable',
  EJSONPARSE: 'unreachable',
  FETCH_ERROR: 'unreachable',
  ENOSPC: 'node',
  EDQUOT: 'node',
  EROFS: 'node',
  EACCES: 'node',
  EPERM: 'node',
  EIO: 'node',
};

const byPattern: [RegExp, NpmFailureKind][] = [
  [/^EALLOW/, 'forbiddenSource'],
  [/CERT|SIGNATURE|^ERR_TLS|^ERR_SSL|^EPROTO$/, 'untrusted'],
  [/^ECONN|^ERR_SOCKET|^E5\d\d$/, 'unreachable'],
];

/** What a code of npm, of Node's network or of a registry's answer comes down to. */
export function failureKind({ code }: NpmFailure): NpmFailureKind {
  return exactly[code] ?? byPattern.find(([pattern]) => pattern.test(code))?.[1] ?? 'other';
}
