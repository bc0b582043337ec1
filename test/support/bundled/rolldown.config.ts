/** Makes the bundles of `programs.ts`, in the directory that BUNDLES names. */
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { programs, repositoryRoot } from './programs.ts';

/** What lies beside a module is found from there, not from the bundle. */
const places = {
  name: 'places-of-sources',
  transform: {
    filter: { id: /\.ts$/, code: 'import.meta' },
    handler: (code: string, filename: string) => {
      const meta = { url: pathToFileURL(filename).href, dirname: dirname(filename), filename };
      return code.replaceAll('import.meta', `(${JSON.stringify(meta)})`);
    },
  },
};

export default Object.entries(programs).map(([name, source]) => ({
  input: { [name]: join(repositoryRoot, source) },
  platform: 'node',
  plugins: [places],
  resolve: { conditionNames: ['source', 'import', 'node', 'default'] },
  output: {
    dir: join(process.env.BUNDLES ?? '', name),
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
  },
}));
