/** Programs that unit tests start often. As bundles they need a third of the CPU time to start. */
import { join } from 'node:path';

export const repositoryRoot = join(import.meta.dirname, '../../..');

/** Where the bundles are kept from one run to the next. */
export const bundles = join(repositoryRoot, 'node_modules/.cache/programs');

/** Sources by the name of the program. */
export const programs = {
  certificates: 'packages/core/src/trust/x509/program.ts',
  dpuctl: 'packages/core/src/dpuctl/main.ts',
  'dpu-vsp': 'packages/sdk/src/host/command/main.ts',
};
