/** A plugin in its real host, and the daemon's real client, on a unix socket in one process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { z } from 'zod';
import { VspClient } from '../client/vsp-client.ts';
import type { Dpu, Platform, Plugin, PluginDefinition } from '../contract/contract.ts';
import { DpuError } from '../errors.ts';
import { servePlugin } from '../host/command/serve-plugin.ts';
import { parsePluginManifest } from '../manifest/parse.ts';
import { fakePlatform } from './platform.ts';

/** What `getInfo` tells of the package; a manifest alone is enough for a test. */
const identity = z.object({ name: z.string(), version: z.string() });

/** The plugin as its package has it, and what it is started with. */
export interface StartPluginOptions {
  /** What the plugin's package.json holds: its manifest and the schema of its settings. */
  packageJson: unknown;
  /** As a user would write them; defaults are filled in from the schema. */
  settings?: unknown;
  /** Directory with a file for each key of its Secret. Default: it has none. */
  secretDirectory?: string;
  /** Directory with a file for each key of its ConfigMap. Default: it has none. */
  configMapDirectory?: string;
  /** The DPU that the plugin is created for at once. Default: the one that Init names. */
  dpu?: Dpu;
  /** Default: `node-1` at 192.0.2.1. */
  node?: { name: string; ip: string };
  /** Default: a {@link fakePlatform} that knows nothing. `linuxPlatform()` is the real machine. */
  platform?: Platform;
  /** Milliseconds that a call of the client may take. Default: 5,000. */
  deadlineMs?: number;
}

/** A plugin that its host serves in this process. */
export interface StartedPlugin extends AsyncDisposable {
  /** What the daemon calls it with. */
  client: VspClient;
  /** What `create` returned, for looking inside. FAILED_PRECONDITION before it has. */
  readonly plugin: Plugin;
  socketPath: string;
  /** The lines that host and plugin logged: pino's, parsed. */
  logs: Record<string, unknown>[];
  /** As SIGTERM does: waits for calls in flight, then closes the plugin. */
  close(): Promise<void>;
}

/**
 * Serves a plugin until it is disposed of.
 *
 * @example
 * await using vsp = await startPlugin(plugin, { packageJson, settings: { vfs: 2 } });
 * await vsp.client.init({ dpuMode: true, dpuIdentifier: 'acme-0' });
 * expect(await vsp.client.getDevices()).toHaveLength(2);
 * @throws DpuError INVALID_ARGUMENT naming what is wrong in manifest or settings. What the plugin's create throws, Init answers.
 */
export async function startPlugin(
  definition: PluginDefinition<unknown>,
  options: StartPluginOptions,
): Promise<StartedPlugin> {
  const { packageJson, settings = {}, dpu, node, platform, deadlineMs = 5_000 } = options;
  const { secretDirectory, configMapDirectory } = options;
  const manifest = parsePluginManifest(packageJson);
  const named = identity.safeParse(packageJson);
  const directory = await mkdtemp(join(tmpdir(), 'dpu-vsp-'));
  const socketPath = join(directory, 'vsp.sock');
  const logs: Record<string, unknown>[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => logs.push(JSON.parse(line)) });
  let created: Plugin | undefined;
  const recording: PluginDefinition<unknown> = {
    create: async (context) => {
      created = await definition.create(context);
      return created;
    },
  };
  const removeDirectory = () => rm(directory, { recursive: true, force: true });
  const server = await servePlugin({
    plugin: recording,
    ...(named.success && { package: named.data }),
    ...(dpu && { dpu }),
    manifest,
    settings,
    ...(secretDirectory !== undefined && { secret: { directory: secretDirectory } }),
    ...(configMapDirectory !== undefined && { configMap: { directory: configMapDirectory } }),
    node: node ?? { name: 'node-1', ip: '192.0.2.1' },
    logger,
    socketPath,
    platform: platform ?? fakePlatform(),
  }).catch(async (error) => {
    await removeDirectory();
    throw error;
  });
  const client = new VspClient({ socketPath, logger, deadlineMs });
  const close = async () => {
    client.close();
    await server.close();
    await removeDirectory();
  };
  return {
    client,
    get plugin() {
      if (created) return created;
      throw new DpuError('FAILED_PRECONDITION', 'the plugin is not created yet: call client.init, or pass dpu');
    },
    socketPath,
    logs,
    close,
    [Symbol.asyncDispose]: close,
  };
}
