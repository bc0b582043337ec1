import { pathToFileURL } from 'node:url';
import type { PluginDefinition } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';

/**
 * Runs a plugin's module.
 *
 * @param entry Absolute path, as readPluginPackage answers it.
 * @throws DpuError INVALID_ARGUMENT when it has no plugin, FAILED_PRECONDITION when something it imports is not
 * installed; whatever else the module throws.
 */
export async function loadPlugin(entry: string): Promise<PluginDefinition<unknown>> {
  const module = await importModule(entry);
  if (isPluginDefinition(module.default)) return module.default;
  throw new DpuError('INVALID_ARGUMENT', `${entry} must have definePlugin({ create }) as its default export`);
}

async function importModule(entry: string): Promise<{ default?: unknown }> {
  try {
    return await import(pathToFileURL(entry).href);
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
    if (!isMissing) throw cause;
    const advice = "install the plugin's dependencies";
    throw new DpuError('FAILED_PRECONDITION', `${entry}: ${cause.message}; ${advice}`, { cause });
  }
}

function isPluginDefinition(value: unknown): value is PluginDefinition<unknown> {
  return typeof value === 'object' && value !== null && 'create' in value && typeof value.create === 'function';
}
