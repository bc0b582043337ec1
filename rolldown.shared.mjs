/** What keeps bundles small: their text stays in memory for as long as the process runs. */

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
