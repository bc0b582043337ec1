/**
 * `dpu-cni`: the CNI plugin that container runtimes start, once a command and interface. It checks what it is given,
 * hands it to the daemon of the node and prints the answer. Every millisecond here is paid by every pod's start, so
 * it uses nothing but the runtime's own (process.stdout alone would cost 10 ms).
 */
import { isObject, parseObject, readVersion } from './config.ts';
import { askDaemon, defaultSocket } from './daemon.ts';
import { cniVariables, readCommand } from './environment.ts';
import { convertResult } from './result.ts';
import { CniError, type Command, codes, newestVersion, supportedVersions } from './spec.ts';

const about = `dpu-cni: the CNI plugin of the DPU operator (CNI ${supportedVersions.join(', ')}).
Container runtimes start it with CNI_COMMAND and a network configuration on standard input. It gives a pod a virtual
function of a DPU, by asking the dpu-daemon of this node. Installed and removed by that daemon.
https://www.cni.dev/docs/spec/`;

/** @returns what belongs on standard output */
async function run(command: Command, config: string): Promise<object | undefined> {
  if (command === 'VERSION') return { cniVersion: askedVersion(config), supportedVersions };
  const version = readVersion(config, command);
  const socket = Bun.env.DPU_CNI_SOCKET || defaultSocket;
  const result = await askDaemon(socket, cniVariables(Bun.env), config).catch((error: unknown) => {
    const away = command === 'STATUS' && error instanceof CniError && error.code === codes.tryAgainLater;
    throw away ? new CniError(codes.notAvailable, error.message, error.details) : error;
  });
  if (command !== 'ADD') return undefined;
  if (!isObject(result)) throw new CniError(codes.generic, 'the DPU daemon answered ADD without a result');
  return convertResult(result, version);
}

/** VERSION must answer whatever it is asked in. */
function askedVersion(config: string): string {
  const asked = config.trim() === '' ? undefined : parseObject(config).cniVersion;
  return typeof asked === 'string' ? asked : newestVersion;
}

/** The version in which a runtime reads an error: its own, where that much can be told. */
function errorVersion(config: string): string {
  try {
    const { cniVersion } = parseObject(config);
    return typeof cniVersion === 'string' && supportedVersions.includes(cniVersion) ? cniVersion : newestVersion;
  } catch {
    return newestVersion;
  }
}

async function main(): Promise<void> {
  if (Bun.argv[2] === '--help' || Bun.argv[2] === '-h') {
    console.log(about);
    return;
  }
  let config = '';
  try {
    const command = readCommand(Bun.env);
    config = await Bun.stdin.text();
    const output = await run(command, config);
    if (output) console.log(JSON.stringify(output));
  } catch (error) {
    const { code, message, details } =
      error instanceof CniError
        ? error
        : new CniError(codes.generic, error instanceof Error ? error.message : `${error}`);
    console.log(JSON.stringify({ cniVersion: errorVersion(config), code, msg: message, ...(details && { details }) }));
    process.exitCode = 1;
  }
}

await main();
