/** What bundles have in common. They are kept small: their text stays in memory for as long as the process runs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Modules that a bundled module imports and never uses; each of their names becomes a class that says so.
 *
 * @param {Record<string, string[]>} unused names by module
 * @param {string} importedBy end of the importing module's path
 */
export function leaveOut(unused, importedBy) {
  return {
    name: 'leave-out',
    resolveId(id, importer) {
      if (id in unused && importer?.endsWith(importedBy)) return `\0unused:${importedBy}:${id}`;
    },
    load(id) {
      if (!id.startsWith(`\0unused:${importedBy}:`)) return;
      const name = id.slice(`\0unused:${importedBy}:`.length);
      const message = JSON.stringify(`${name} is not in this bundle: see its rolldown.config.mjs`);
      return unused[name]
        .map((symbol) => `export class ${symbol} { constructor() { throw new Error(${message}); } }`)
        .join('\n');
    },
  };
}

/** What the programs use of node:http; another name fails the build. */
const httpNames = ['Agent', 'STATUS_CODES', 'createServer', 'request'];

/**
 * node:http without its lazy parts. An import of it reads everything that it exports, WebSocket too, and so has Node load
 * undici, which nothing here uses: 2 to 3 MB resident in each process.
 */
export const httpAlone = {
  name: 'http-alone',
  resolveId: (id, _importer, { kind }) =>
    kind === 'import-statement' && (id === 'http' || id === 'node:http') ? '\0http-alone' : undefined,
  load: (id) => {
    if (id !== '\0http-alone') return;
    return `const http = process.getBuiltinModule('node:http');
export default http;
export const { ${httpNames.join(', ')} } = http;`;
  },
};

/** Escapes what is not ASCII: one character beyond Latin-1, and V8 keeps the whole text with two bytes a character. */
export const ascii = {
  name: 'ascii',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      chunk.code = chunk.code.replace(/[^\0-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
    }
  },
};

/** Puts the licences of the packages in a bundle beside it, as they demand of copies. */
export const licences = {
  name: 'licences',
  generateBundle(_options, bundle) {
    const modules = Object.values(bundle).flatMap((chunk) => Object.keys(chunk.modules ?? {}));
    const directories = modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/\0]+(?=\/)/.exec(id)?.[0] ?? []);
    const texts = [...new Set(directories)].map((directory) => {
      const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
      const files = readdirSync(directory).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
      const words = files.map((file) => readFileSync(join(directory, file), 'utf8').trim());
      return [`${name} ${version} (${license})`, ...words].join('\n\n');
    });
    const source = `${texts.sort().join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
    this.emitFile({ type: 'asset', fileName: 'THIRD_PARTY_LICENCES.txt', source });
  },
};

/** A plugin's bundle: one file, in which the SDK is too. */
export const pluginBundle = (...plugins) => ({
  input: { index: 'src/index.ts' },
  platform: 'node',
  plugins: [...plugins, ascii],
  resolve: { conditionNames: ['source', 'import', 'node', 'default'] },
  output: { dir: 'dist/bundle', entryFileNames: '[name].mjs', format: 'esm', codeSplitting: false, minify: true },
});
