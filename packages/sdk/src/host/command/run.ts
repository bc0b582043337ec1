/** Serves one plugin until the process is told to end. */
import type { Platform } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';
import { loadPlugin } from '../plugin/load-plugin.ts';
import { type PluginServer, serve } from '../serve.ts';
import { keepAlive } from './alive-file.ts';
import type { ServeRequest } from './command.ts';
import { endWith } from './end.ts';
import { createLogger } from './logger.ts';
import { releaseMemoryWhenQuiet } from './memory.ts';

/** Milliseconds for the answers of calls to leave before the process of a plugin that hangs ends. */
const lastAnswersMs = 1_000;

/** @throws DpuError what {@link serve} and {@link loadPlugin} throw. */
export async function run(options: ServeRequest): Promise<void> {
  const { dpuName, entry, passedOver, logLevel, metricsSocketPath, aliveFile, sysfs, ...request } = options;
  const { name, version } = request.package;
  const logger = createLogger({ dpu: dpuName, plugin: `${name}@${version}` }, logLevel);
  if (passedOver.length > 0) {
    logger.warn({ fields: passedOver }, 'passes over fields of the manifest that this version does not know');
  }
  // Also what a promise rejects with that nobody waits for. Who knows what state the plugin is in: a new process does.
  process.on('uncaughtException', (error, origin) => {
    logger.fatal({ origin, stack: error.stack }, `the plugin failed: ${DpuError.from(error).message}`);
    process.exit(1);
  });
  // Before the vendor's code is loaded: as the first process of a container, none without a handler is ended by SIGTERM.
  let serving: Promise<PluginServer> | undefined;
  const stop = async () => process.exit(serving ? await exitCodeOf(await serving) : 0);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
  if (aliveFile) void keepAlive(aliveFile);
  const plugin = await loadPlugin(entry);
  const metrics = { socketPath: metricsSocketPath, dpuName };
  const onHung = (error: DpuError) => void setTimeout(() => endWith(error), lastAnswersMs);
  const platform = sysfs === undefined ? undefined : await platformOf(sysfs);
  serving = serve({ ...request, plugin, logger, metrics, onHung, ...(platform && { platform }) });
  await serving;
  releaseMemoryWhenQuiet();

  async function exitCodeOf({ close }: PluginServer): Promise<number> {
    try {
      await close();
      return 0;
    } catch (error) {
      logger.error({ err: error }, 'the plugin failed to close');
      return 1;
    }
  }
}

/** This machine with other hardware; loaded only where it is asked for. */
async function platformOf(sysfs: string): Promise<Platform> {
  const { openFakeSysfs } = await import('../../testing/sysfs.ts');
  return (await openFakeSysfs(sysfs)).platform();
}
