/**
 * Parts of the template that not every plugin has. They stand between `// #region contract:bridge,chains` (any of these)
 * or `// #region dev` and `// #endregion`, in `#` or `<!-- -->` where that is the language's comment; regions may hold
 * regions.
 */
import { type Contract, contracts } from './contracts.ts';

/** A contract, or what has to do with `dpu-vsp dev`. */
export type Part = Contract | 'dev';

const parts: readonly Part[] = [...contracts, 'dev'];

const marker = /^\s*(?:\/\/|#|<!--) #(?:region (?:contract:)?(?<wanted>[A-Za-z,]+)|(?<end>endregion))(?: -->)?$/;

/**
 * The text without markers, and without the regions of which no part was chosen; formatted as Biome formats it.
 *
 * @throws Error for a template that is wrong: an unknown part, a region without its end.
 */
export function keepRegions(text: string, chosen: readonly Part[]): string {
  const open: boolean[] = [];
  const kept: string[] = [];
  let hasRegions = false;
  for (const [index, line] of text.split('\n').entries()) {
    const { wanted, end } = marker.exec(line)?.groups ?? {};
    if (wanted !== undefined) open.push(partsIn(wanted, index).some((part) => chosen.includes(part)));
    else if (end === undefined) {
      if (open.every(Boolean)) kept.push(line);
    } else if (open.pop() === undefined) throw new Error(`line ${index + 1}: #endregion without #region`);
    hasRegions ||= wanted !== undefined;
  }
  if (open.length > 0) throw new Error(`${open.length} #region without #endregion`);
  return hasRegions ? tidy(kept.join('\n')) : text;
}

function partsIn(text: string, index: number): Part[] {
  return text.split(',').map((name) => {
    const part = parts.find((known) => known === name);
    if (!part) throw new Error(`line ${index + 1}: there is no part ${name}`);
    return part;
  });
}

/**
 * What the formatter would do to the seams: imports and lists that fit into a line are one, imports of types alone say
 * so once, and no blank lines stand double.
 */
function tidy(text: string): string {
  return text
    .replace(/^import (type )?\{\n((?: {2}.*\n)+)\} from '.*';$/gm, tidyImport)
    .replace(/^.* = \[\n(?: +'\w+',\n)+ *\];$/gm, joinLines)
    .replace(/\n{3,}/g, '\n\n')
    .replace(/\{\n\n/g, '{\n')
    .replace(/\n\n( *\})/g, '\n$1')
    .trimStart();
}

function tidyImport(statement: string): string {
  const names = statement.match(/^ {2}.*$/gm) ?? [];
  const isTypesOnly = names.every((name) => name.startsWith('  type '));
  return joinLines(
    isTypesOnly ? statement.replaceAll('  type ', '  ').replace('import {', 'import type {') : statement,
  );
}

function joinLines(statement: string): string {
  const line = statement
    .replace(/\{\s+/, '{ ')
    .replace(/,\s+\}/, ' }')
    .replace(/\[\s+/, '[')
    .replace(/,\s+\]/, ']')
    .replace(/,\s+/g, ', ');
  return line.length <= 120 ? line : statement;
}
