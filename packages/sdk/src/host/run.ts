/** Serves one plugin until the process is told to end. */
import { pathToFileURL } from 'node:url';
import type { Logger } from 'pino';
import type { PluginDefinition } from '../contract.ts';
import { DpuError } from '../errors.ts';
import type { ServeRequest } from './command.ts';
import { createLogger } from './logger.ts';
import { type PluginServer, serve } from './serve.ts';
import { releaseStartupMemory } from './startup-memory.ts';

/** @throws DpuError what {@link serve} throws, INVALID_ARGUMENT when the module has no plugin. */
export async function run({ dpuName, packageName, entry, ...request }: ServeRequest): Promise<void> {
  const logger = createLogger({ dpu: dpuName, plugin: packageName });
  const module: { default?: unknown } = await import(pathToFileURL(entry).href);
  if (!isPluginDefinition(module.default)) {
    throw new DpuError('INVALID_ARGUMENT', `${entry} must have definePlugin({ create }) as its default export`);
  }
  const server = await serve({ ...request, plugin: module.default, logger });
  releaseStartupMemory();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(server, logger));
}

function isPluginDefinition(value: unknown): value is PluginDefinition<unknown> {
  return typeof value === 'object' && value !== null && 'create' in value && typeof value.create === 'function';
}

async function stop(server: PluginServer, logger: Logger): Promise<void> {
  try {
    await server.close();
    process.exit(0);
  } catch (error) {
    logger.error({ err: error }, 'the plugin failed to close');
    process.exit(1);
  }
}
