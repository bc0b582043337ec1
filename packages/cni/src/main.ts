/**
 * `dpu-cni`: the CNI plugin that container runtimes start, once a command and interface. It checks what it is given,
 * hands it to the daemon of the node and prints the answer. Every millisecond here is paid by every pod's start, so
 * it uses nothing but the runtime's own (process.stdout alone would cost 10 ms).
 */
import { type Config, errorVersion, isObject, parseConfig, readVersion } from './config.ts';
import { askDaemon, defaultSocket } from './daemon.ts';
import { definedVariables, readCommand } from './environment.ts';
import { readInput } from './input.ts';
import { logCall } from './log-file.ts';
import { writeOutput } from './output.ts';
import { convertResult } from './result.ts';
import { CniError, type Command, codes, newestVersion, supportedVersions } from './spec.ts';
import { decode } from './text.ts';

const about = `dpu-cni: the CNI plugin of the DPU operator (CNI ${supportedVersions.join(', ')}).
Container runtimes start it with CNI_COMMAND and a network configuration on standard input. It gives a pod a virtual
function of a DPU, by asking the dpu-daemon of this node. Installed and removed by that daemon.
https://www.cni.dev/docs/spec/`;

/** @returns what belongs on standard output */
async function run(command: Command, input: Uint8Array, config: Config): Promise<object | undefined> {
  const version = readVersion(config, command);
  const socket = Bun.env.DPU_CNI_SOCKET || defaultSocket;
  const result = await askDaemon(socket, definedVariables(Bun.env), input).catch((error: unknown) => {
    const away = command === 'STATUS' && error instanceof CniError && error.code === codes.tryAgainLater;
    throw away ? new CniError(codes.notAvailable, error.message, error.details) : error;
  });
  if (command !== 'ADD') return undefined;
  if (!isObject(result)) throw new CniError(codes.generic, 'the DPU daemon answered ADD without a result');
  return convertResult(result, version);
}

/** VERSION must answer whatever it is asked in, also when it is asked nothing. */
function versions(input: Uint8Array): object {
  const text = decode(input).trim();
  const asked = text === '' ? undefined : parseConfig(text).cniVersion;
  return { cniVersion: typeof asked === 'string' && asked !== '' ? asked : newestVersion, supportedVersions };
}

/** @returns the exit code */
async function main(): Promise<number> {
  const started = performance.now();
  let command: Command | undefined;
  let config: Config | undefined;
  let answer: object | undefined;
  let error: CniError | undefined;
  try {
    command = readCommand(Bun.env);
    const input = await readInput();
    if (command === 'VERSION') {
      answer = versions(input);
    } else {
      config = parseConfig(decode(input));
      answer = await run(command, input, config);
    }
  } catch (cause) {
    error = CniError.from(cause);
    const { code, message, details } = error;
    answer = { cniVersion: errorVersion(config), code, msg: message, ...(details && { details }) };
  }
  try {
    if (answer) await writeOutput(answer);
  } catch (cause) {
    error = new CniError(codes.ioFailure, `standard output: ${CniError.from(cause).message}`);
    console.error(error.message);
  }
  const { CNI_CONTAINERID, CNI_IFNAME } = Bun.env;
  await logCall(config, {
    command: command ?? 'none',
    containerId: CNI_CONTAINERID,
    ifName: CNI_IFNAME,
    ms: performance.now() - started,
    error,
  });
  return error ? 1 : 0;
}

if (Bun.argv[2] === '--help' || Bun.argv[2] === '-h') {
  console.log(about);
} else {
  // Not only its code: standard input that never ends would keep the process.
  process.exit(await main());
}
