/** Where the source of a new plugin is, as the git repository says in which it is made. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** `repository` of package.json, as npm would fill it in. */
export interface Repository {
  type: 'git';
  url: string;
  /** Of the package within the repository, where it is not its root. */
  directory?: string;
}

/** @param directory may not be there yet. Nothing where there is no git, no repository, or one that was never pushed. */
export async function repositoryOf(directory: string): Promise<Repository | undefined> {
  let parent = directory;
  while (!existsSync(parent)) parent = dirname(parent);
  const git = async (...args: string[]) => (await promisify(execFile)('git', args, { cwd: parent })).stdout.trim();
  try {
    const url = publicUrl(await git('config', '--get', 'remote.origin.url'));
    if (!url) return undefined;
    const path = join(await git('rev-parse', '--show-prefix'), directory.slice(parent.length)).replace(/^\/|\/$/g, '');
    return { type: 'git', url, ...(path !== '' && path !== '.' && { directory: path }) };
  } catch {
    return undefined;
  }
}

/** As npm has it (`git+https://…`), without what only the author may know; nothing for a path of this machine. */
export function publicUrl(remote: string): string | undefined {
  // What ssh takes for short: git@example.com:acme/vsp.git
  const [, user, host, path] = /^([\w.-]+@)?([\w.-]+):(?!\/\/)\/?(.+)$/.exec(remote) ?? [];
  if (host) return `git+ssh://${user ?? ''}${host}/${path}`;
  const url = URL.parse(remote);
  if (url?.protocol === 'ssh:') url.password = '';
  else if (url?.protocol === 'https:') Object.assign(url, { username: '', password: '' });
  else return undefined;
  return `git+${url}`;
}
