/** The `dpu-vsp` command line: from arguments and environment to what shall be served. */
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { addConformanceCommand } from '../../conformance/command/command.ts';
import type { Dpu } from '../../contract/contract.ts';
import { addDevCommand } from '../../dev/register.ts';
import { DpuError } from '../../errors.ts';
import { fieldFaults, inWords } from '../../field-fault.ts';
import { sdkVersion } from '../../generated/version.ts';
import type { PluginManifest } from '../../manifest/manifest.ts';
import { programsOf } from '../../manifest/pod/programs.ts';
import { podOf } from '../../manifest/pod/side-pod.ts';
import { thereAre } from '../../nearest.ts';
import { omitUndefined } from '../../omit-undefined.ts';
import { validateSettings } from '../../settings/validate.ts';
import { defaultDeadlineMs } from '../calls/deadline.ts';
import type { MountedObject } from '../plugin/mounted-files.ts';
import { readManifestLine, readPluginPackage } from '../plugin/plugin-package.ts';
import { requirePrograms } from '../plugin/programs.ts';
import { type LogLevel, logLevels } from './logger.ts';

/** Where the daemon looks for it, as seen from inside the pod. */
const defaultSocket = '/var/run/dpu-daemon/vendor-plugin/vendor-plugin.sock';

const environment = z.object({
  DPU_NAME: z.string().default('dpu'),
  DPU_SIDE: z.enum(['host', 'dpu']).optional(),
  DPU_IDENTIFIER: z.string().min(1).optional(),
  DPU_PRODUCT: z.string().min(1).optional(),
  DPU_PCI_ADDRESS: z.string().min(1).optional(),
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
  DPU_SECRET: z.string().min(1).optional(),
  DPU_SECRET_DIRECTORY: z.string().startsWith('/').optional(),
  DPU_CONFIG_MAP: z.string().min(1).optional(),
  DPU_CONFIG_MAP_DIRECTORY: z.string().startsWith('/').optional(),
  LOG_LEVEL: z.enum(logLevels).default('info'),
  K8S_NODE: z.string().default(hostname()),
  NODE_IP: z.string().default('127.0.0.1'),
  DPU_ALIVE_FILE: z.string().startsWith('/').optional(),
  DPU_SYSFS: z.string().startsWith('/').optional(),
  DPU_DEADLINE: z.coerce
    .number()
    .positive()
    .max(86_400)
    .default(defaultDeadlineMs / 1000),
  DPU_GRACE_PERIOD: z.coerce.number().positive().max(86_400).optional(),
});

interface ServeCommandOptions {
  plugin: string;
  socket: string;
  metricsSocket?: string;
}

const serveHelp = `
Environment:
  DPU_NAME      name of the DataProcessingUnit, for log and metrics; else "dpu"
  DPU_SIDE      host or dpu: which programs of the manifest are looked for; else those that both sides need
  DPU_IDENTIFIER
                identifier of the DPU: with DPU_SIDE the plugin is created at once, else by Init
  DPU_PRODUCT   product of the DPU, one of the manifest's, for the plugin
  DPU_PCI_ADDRESS
                PCI address of the DPU, for the plugin
  DPU_SETTINGS  the plugin's settings as JSON, checked against its manifest
  DPU_SECRET_DIRECTORY, DPU_CONFIG_MAP_DIRECTORY
                where the keys of the plugin's Secret and ConfigMap are, a file for each; else it has none
  DPU_SECRET, DPU_CONFIG_MAP
                names of the two, for errors; else the directories
  LOG_LEVEL     ${logLevels.join(', ')}; else info
  K8S_NODE      name of the node; else the host's name
  NODE_IP       address of the node; else 127.0.0.1
  DPU_DEADLINE  seconds that the plugin's create, apply or any other call may take; else 60
  DPU_GRACE_PERIOD
                seconds from SIGTERM until the process is killed; else the manifest's pod.gracePeriodSeconds
  DPU_ALIVE_FILE
                file that is touched every 10 s while the process works, for a liveness probe; else none
  DPU_SYSFS     stand-in for /sys that dpu-vsp conformance has made (--machine); else /sys

Both sockets get mode 0600; what a killed process left of them is replaced. By HTTP on the metrics socket:
  /metrics      for Prometheus: calls by method and code, their seconds, those in flight, the process
  /healthz      200 as long as the process works
  /readyz       200 once Init has succeeded, else 503

The log is JSON, a line each, on standard output. SIGTERM and SIGINT let calls in flight end, for a third of the grace
period at most (10 s of 30), then close the plugin. A call that fails is the caller's to handle; what a plugin throws or
rejects with outside of a call ends the process, which is to be started anew.

Exit codes:
  0  told to end
  1  the plugin failed
  2  an option, the environment, the settings or the plugin's package is wrong
  3  the machine lacks what the plugin needs: a program of dpu.programs, a dependency that is not installed
  4  the plugin did not answer create, apply or another call in time`;

const manifestHelp = `
Examples:
  docker build --label dpu.config.openshift.io/manifest="$(dpu-vsp manifest --plugin .)" .`;

/** Everything checked. */
export interface ServeRequest {
  dpuName: string;
  package: { name: string; version: string };
  /** Fields of its manifest that this version does not know, and that it can do without. */
  passedOver: string[];
  /** The DPU, where the environment tells it. */
  dpu?: Dpu;
  /** Absolute path of the plugin's module. */
  entry: string;
  settings: unknown;
  secret?: MountedObject;
  configMap?: MountedObject;
  socketPath: string;
  metricsSocketPath: string;
  /** Stands in for `/sys`. */
  sysfs?: string;
  /** Touched while the process works, for a liveness probe. */
  aliveFile?: string;
  deadlineMs: number;
  drainMs: number;
  logLevel: LogLevel;
  node: { name: string; ip: string };
}

/**
 * Runs the command line. Commander writes help and version itself and ends the process.
 *
 * @throws DpuError naming the wrong variable, setting or field of the manifest, or the program that is missing.
 */
export async function parseCommand(
  argv: readonly string[],
  serve: (request: ServeRequest) => Promise<void>,
): Promise<void> {
  const program = new Command('dpu-vsp').description('Runs a vendor plugin (VSP) of the DPU operator.');
  // For its subcommands as well: wrong use is 2, as for wrong settings.
  program.version(sdkVersion).exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
  program
    .command('serve')
    .description('serve a plugin on a unix socket until SIGTERM')
    .requiredOption('--plugin <directory>', "directory of the plugin's package, built or installed")
    .option('--socket <path>', 'unix socket for gRPC; its directory must exist', defaultSocket)
    .option('--metrics-socket <path>', 'unix socket for metrics and health; else metrics.sock beside the other')
    .addHelpText('after', serveHelp)
    .action(async (options: ServeCommandOptions) => serve(await serveRequest(options)));
  program
    .command('manifest')
    .description("check the plugin's manifest and print it in one line, for the label of an image")
    .requiredOption('--plugin <directory>', "directory of the plugin's package; it need not be built")
    .addHelpText('after', manifestHelp)
    .action(async ({ plugin }: { plugin: string }) => {
      process.stdout.write(`${await readManifestLine(plugin)}\n`);
    });
  addConformanceCommand(program);
  addDevCommand(program);
  await program.parseAsync(argv);
}

async function serveRequest({ plugin, socket, metricsSocket }: ServeCommandOptions): Promise<ServeRequest> {
  const env = environment.safeParse(process.env, { error: inWords });
  if (!env.success) {
    const faults = fieldFaults(env.error).map(({ path, message }) => `${path} ${message}`);
    throw new DpuError('INVALID_ARGUMENT', `environment: ${faults.join('; ')}`);
  }
  const { DPU_NAME, DPU_SIDE, DPU_SETTINGS, LOG_LEVEL, K8S_NODE, NODE_IP, DPU_ALIVE_FILE, DPU_DEADLINE, DPU_SYSFS } =
    env.data;
  const { DPU_SECRET, DPU_SECRET_DIRECTORY, DPU_CONFIG_MAP, DPU_CONFIG_MAP_DIRECTORY } = env.data;
  const dpu = dpuOf(env.data);
  const secret = objectOf(DPU_SECRET, DPU_SECRET_DIRECTORY);
  const configMap = objectOf(DPU_CONFIG_MAP, DPU_CONFIG_MAP_DIRECTORY);
  if (plugin === '') throw new DpuError('INVALID_ARGUMENT', "--plugin must name a package's directory");
  const { name, version, manifest, passedOver, entry } = await readPluginPackage(plugin);
  requireProduct(manifest, env.data.DPU_PRODUCT);
  const settings = validateSettings(manifest.settings, DPU_SETTINGS);
  await requirePrograms(programsOf(manifest, DPU_SIDE));
  return {
    dpuName: DPU_NAME,
    package: { name, version },
    passedOver,
    ...(dpu && { dpu }),
    entry,
    settings,
    ...omitUndefined({ secret, configMap }),
    socketPath: socket,
    metricsSocketPath: metricsSocket ?? join(dirname(socket), 'metrics.sock'),
    ...(DPU_ALIVE_FILE && { aliveFile: DPU_ALIVE_FILE }),
    ...(DPU_SYSFS && { sysfs: DPU_SYSFS }),
    deadlineMs: DPU_DEADLINE * 1000,
    drainMs: drainMsOf(env.data.DPU_GRACE_PERIOD ?? gracePeriodOf(manifest, DPU_SIDE)),
    node: { name: K8S_NODE, ip: NODE_IP },
    logLevel: LOG_LEVEL,
  };
}

/** @throws DpuError INVALID_ARGUMENT with the products that there are. */
function requireProduct({ products }: PluginManifest, product: string | undefined): void {
  const names = products.map(({ name }) => name);
  if (product === undefined || names.includes(product)) return;
  const message = `environment: DPU_PRODUCT is no product of the plugin, is ${JSON.stringify(product)}`;
  throw new DpuError('INVALID_ARGUMENT', `${message}${thereAre(product, names)}`);
}

/** A third of what the pod has to end: that leaves as much to the last apply, and to the plugin's close. */
function drainMsOf(gracePeriodSeconds: number): number {
  return (gracePeriodSeconds * 1_000) / 3;
}

/** The shorter one of both sides where the side is not known. */
function gracePeriodOf(manifest: PluginManifest, side: Dpu['side'] | undefined): number {
  const sides = side === undefined ? (['host', 'dpu'] as const) : [side];
  return Math.min(...sides.map((each) => podOf(manifest, each).gracePeriodSeconds));
}

function objectOf(name: string | undefined, directory: string | undefined): MountedObject | undefined {
  return directory === undefined ? undefined : omitUndefined({ name, directory });
}

function dpuOf(env: z.infer<typeof environment>): Dpu | undefined {
  const { DPU_SIDE, DPU_IDENTIFIER, DPU_PRODUCT, DPU_PCI_ADDRESS } = env;
  if (DPU_SIDE === undefined || DPU_IDENTIFIER === undefined) return undefined;
  return omitUndefined({
    side: DPU_SIDE,
    identifier: DPU_IDENTIFIER,
    product: DPU_PRODUCT,
    pciAddress: DPU_PCI_ADDRESS,
  });
}
