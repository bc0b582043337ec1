/**
 * `make docs`: the documentation as a site in .build/docs, from the Markdown of this repository and what is generated of its
 * schemas and programs. A link that leads nowhere ends it. REPOSITORY is the URL under which the site names source files.
 */
import { globSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'vitepress';
import { repositoryRoot } from '../../test/cluster/paths.ts';
import { cliReference } from './cli.ts';
import { kindsReference } from './kinds.ts';
import { linksOfSite } from './links.ts';

const site = join(repositoryRoot, '.build/docs-source');
const written = [
  '*.md',
  'docs/**/*.md',
  'packages/*/README.md',
  'packages/sdk/docs/**/*.md',
  'packages/create-plugin/MIGRATIONS.md',
  'examples/*/README.md',
  'test/cluster/README.md',
];
const pages = written.flatMap((pattern) => globSync(pattern, { cwd: repositoryRoot }));
const pictures = globSync('docs/*.svg', { cwd: repositoryRoot });

await rm(site, { recursive: true, force: true });
await cp(join(import.meta.dirname, 'theme'), site, { recursive: true });
for (const page of pages) {
  const text = await readFile(join(repositoryRoot, page), 'utf8');
  await put(page, linksOfSite(text, page, [...pages, ...pictures], process.env.REPOSITORY));
}
for (const picture of pictures) await cp(join(repositoryRoot, picture), join(site, picture));
await put('docs/reference/kinds.md', await kindsReference());
await put('docs/reference/cli.md', await cliReference());
await build(site, { outDir: join(repositoryRoot, '.build/docs') });

async function put(page: string, text: string): Promise<void> {
  const path = join(site, page);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
