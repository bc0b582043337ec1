/**
 * `make docs`: the documentation as a site in .build/docs. A link that leads nowhere ends it. REPOSITORY is the URL under which
 * the site names source files.
 */
import { join } from 'node:path';
import { build } from 'vitepress';
import { repositoryRoot } from '../../test/cluster/paths.ts';
import { cliReference } from './cli.ts';
import { writeSource } from './source.ts';

const site = join(repositoryRoot, '.build/docs-source');
await writeSource(site, await cliReference(), process.env.REPOSITORY);
await build(site, { outDir: join(repositoryRoot, '.build/docs') });
