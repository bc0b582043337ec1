/** What the site is made of: the Markdown of this repository, and what is generated of its schemas and programs. */
import { globSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '../../test/cluster/paths.ts';
import { kindsReference } from './kinds.ts';
import { linksOfSite } from './links.ts';

const written = [
  '*.md',
  'docs/**/*.md',
  'packages/*/README.md',
  'packages/sdk/docs/**/*.md',
  'packages/create-plugin/MIGRATIONS.md',
  'examples/*/README.md',
  'test/cluster/README.md',
];

/**
 * Writes what VitePress makes a site of.
 *
 * @param site directory; what is in it goes
 * @param commands page about the programs, in Markdown
 * @param repository URL under which the site names source files
 */
export async function writeSource(site: string, commands: string, repository: string | undefined): Promise<void> {
  const pages = written.flatMap((pattern) => globSync(pattern, { cwd: repositoryRoot }));
  const pictures = globSync('docs/*.svg', { cwd: repositoryRoot });
  const put = async (page: string, text: string): Promise<void> => {
    const path = join(site, page);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  };
  await rm(site, { recursive: true, force: true });
  await cp(join(import.meta.dirname, 'theme'), site, { recursive: true });
  for (const page of pages) {
    const text = await readFile(join(repositoryRoot, page), 'utf8');
    await put(page, linksOfSite(text, page, [...pages, ...pictures], repository));
  }
  for (const picture of pictures) await cp(join(repositoryRoot, picture), join(site, picture));
  await put('docs/reference/kinds.md', await kindsReference());
  await put('docs/reference/cli.md', commands);
}
