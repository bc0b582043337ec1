/** Loaded by each process that a unit test starts: one that is to run a program of `programs.ts` runs its bundle. */
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundles, programs, repositoryRoot } from './programs.ts';

const source = relative(repositoryRoot, process.argv[1] ?? '');
const found = Object.entries(programs).find(([, program]) => program === source);
const bundle = found && join(bundles, found[0], `${found[0]}.mjs`);
if (bundle && existsSync(bundle)) {
  const url = pathToFileURL(bundle).href;
  registerHooks({
    // Nothing imports what the process was started with.
    resolve: (specifier, context, next) =>
      context.parentURL === undefined ? { url, format: 'module', shortCircuit: true } : next(specifier, context),
  });
}
