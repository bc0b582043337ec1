/** The `exports` of a package.json, as Node reads them (https://nodejs.org/api/packages.html#package-entry-points). */
import type { z } from 'zod';
import { DpuError } from '../../errors.ts';

type Json = z.infer<ReturnType<typeof z.json>>;

/** Those under which Node imports. */
const conditions = new Set(['node', 'import', 'module-sync', 'default']);

/**
 * The file that `import` of the package itself loads, relative to its directory.
 *
 * @throws DpuError INVALID_ARGUMENT when nothing is exported to importers.
 */
export function exportedModule(exports: Json): string {
  const found = target(hasSubpaths(exports) ? exports['.'] : exports);
  if (found?.startsWith('./')) return found;
  const is = found === undefined ? 'nothing for `import`' : `${JSON.stringify(found)}, which must begin with ./`;
  throw new DpuError('INVALID_ARGUMENT', `package.json: exports["."] names ${is}`);
}

function target(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return firstOf(value);
  if (typeof value !== 'object' || value === null) return undefined;
  const met = Object.entries(value).filter(([condition]) => conditions.has(condition));
  return firstOf(met.map(([, inner]) => inner));
}

function firstOf(values: readonly Json[]): string | undefined {
  for (const value of values) {
    const found = target(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

function hasSubpaths(exports: Json): exports is Record<string, Json> {
  if (typeof exports !== 'object' || exports === null || Array.isArray(exports)) return false;
  return Object.keys(exports).some((key) => key.startsWith('.'));
}
