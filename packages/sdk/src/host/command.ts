/** The `dpu-vsp` command line: from arguments and environment to what shall be served. */
import { hostname } from 'node:os';
import { Command } from 'commander';
import { z } from 'zod';
import { DpuError } from '../errors.ts';
import { sdkVersion } from '../generated/version.ts';
import { readPluginPackage } from './plugin-package.ts';
import { validateSettings } from './settings.ts';

/** Where the daemon looks for it, as seen from inside the pod. */
const defaultSocket = '/var/run/dpu-daemon/vendor-plugin/vendor-plugin.sock';

const environment = z.object({
  DPU_NAME: z.string().default('dpu'),
  DPU_SETTINGS: z
    .string()
    .default('{}')
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch (error) {
        context.addIssue(`must be JSON: ${DpuError.from(error).message}`);
        return z.NEVER;
      }
    }),
  K8S_NODE: z.string().default(hostname()),
  NODE_IP: z.string().default('127.0.0.1'),
});

/** Everything checked. */
export interface ServeRequest {
  dpuName: string;
  /** `name@version` of the plugin's package. */
  packageName: string;
  /** Absolute path of the plugin's module. */
  entry: string;
  settings: unknown;
  socketPath: string;
  node: { name: string; ip: string };
}

/**
 * Runs the command line. Commander writes help and version itself and ends the process.
 *
 * @throws DpuError naming the wrong variable, setting or field of the manifest.
 */
export async function parseCommand(
  argv: readonly string[],
  serve: (request: ServeRequest) => Promise<void>,
): Promise<void> {
  const program = new Command('dpu-vsp').description('Runs a vendor plugin (VSP) of the DPU operator.');
  program
    .version(sdkVersion)
    .command('serve')
    .description('serve a plugin on a unix socket until SIGTERM')
    .requiredOption('--plugin <directory>', "directory of the plugin's package")
    .option('--socket <path>', 'unix socket; its directory must exist', defaultSocket)
    .addHelpText(
      'after',
      `
Environment:
  DPU_NAME      name of the DataProcessingUnit, for the log
  DPU_SETTINGS  the plugin's settings as JSON
  K8S_NODE      name of the node; else the host's name
  NODE_IP       address of the node; else 127.0.0.1`,
    )
    .action(async (options: { plugin: string; socket: string }) =>
      serve(await serveRequest(options.plugin, options.socket)),
    );
  await program.parseAsync(argv);
}

async function serveRequest(directory: string, socketPath: string): Promise<ServeRequest> {
  const env = environment.safeParse(process.env);
  if (!env.success) {
    const faults = env.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
    throw new DpuError('INVALID_ARGUMENT', `environment: ${faults.join('; ')}`);
  }
  const { DPU_NAME, DPU_SETTINGS, K8S_NODE, NODE_IP } = env.data;
  const { name, version, manifest, entry } = await readPluginPackage(directory);
  const settings = validateSettings(manifest.settings, DPU_SETTINGS);
  const node = { name: K8S_NODE, ip: NODE_IP };
  return { dpuName: DPU_NAME, packageName: `${name}@${version}`, entry, settings, socketPath, node };
}
