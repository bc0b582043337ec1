/**
 * `dpu-cni`: the CNI plugin that container runtimes start, once a command and interface. It checks what it is given,
 * hands it to the daemon of the node and prints the answer. Every millisecond here is paid by every pod's start: it is
 * compiled to machine code by scriptc, and does one thing after the other.
 */
import { type Config, errorVersion, parseConfig, readVersion } from './config.ts';
import { askDaemon, defaultSocket } from './daemon.ts';
import { definedVariables, readCommand } from './environment.ts';
import { readInput } from './input.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { logCall } from './log-file.ts';
import { writeError, writeOutput } from './output.ts';
import { convertResult } from './result.ts';
import { CniError, type Command, codes, messageOf, newestVersion, supportedVersions } from './spec.ts';
import { now } from './system.ts';

const about = `dpu-cni: the CNI plugin of the DPU operator (CNI ${supportedVersions.join(', ')}).
Container runtimes start it with CNI_COMMAND and a network configuration on standard input. It gives a pod a virtual
function of a DPU, by asking the dpu-daemon of this node. Installed and removed by that daemon.
https://www.cni.dev/docs/spec/`;

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** @returns what belongs on standard output */
function run(command: Command, input: Uint8Array, config: Config): JsonObject | undefined {
  const version = readVersion(config, command);
  const result = ask(command, input);
  if (command !== 'ADD') return undefined;
  if (!isObject(result)) throw new CniError(codes.generic, 'the DPU daemon answered ADD without a result');
  return convertResult(result, version);
}

function ask(command: Command, input: Uint8Array): Json | undefined {
  try {
    return askDaemon(process.env.DPU_CNI_SOCKET || defaultSocket, definedVariables(process.env), input);
  } catch (error) {
    if (command === 'STATUS' && error instanceof CniError && error.code === codes.tryAgainLater) {
      throw new CniError(codes.notAvailable, error.message, error.details);
    }
    throw error;
  }
}

/** VERSION must answer whatever it is asked in, also when it is asked nothing. */
function versions(input: Uint8Array): JsonObject {
  const text = decode(input).trim();
  const asked = text === '' ? undefined : parseConfig(text).cniVersion;
  return { cniVersion: typeof asked === 'string' && asked !== '' ? asked : newestVersion, supportedVersions };
}

/** @returns the exit code */
function main(): number {
  const started = now();
  let command: Command | undefined;
  let config: Config | undefined;
  let answer: JsonObject | undefined;
  let error: CniError | undefined;
  try {
    command = readCommand(process.env);
    const input = readInput();
    if (command === 'VERSION') {
      answer = versions(input);
    } else {
      config = parseConfig(decode(input));
      answer = run(command, input, config);
    }
  } catch (cause) {
    error = cause instanceof CniError ? cause : new CniError(codes.generic, messageOf(cause));
    answer = { cniVersion: errorVersion(config), code: error.code, msg: error.message };
    if (error.details !== '') answer.details = error.details;
  }
  try {
    if (answer) writeOutput(answer);
  } catch (cause) {
    error = new CniError(codes.ioFailure, `standard output: ${messageOf(cause)}`);
    writeError(error.message);
  }
  const { CNI_CONTAINERID, CNI_IFNAME } = process.env;
  logCall(config, {
    command: command ?? 'none',
    containerId: CNI_CONTAINERID,
    ifName: CNI_IFNAME,
    ms: now() - started,
    error,
  });
  return error ? 1 : 0;
}

if (process.argv[2] === '--help' || process.argv[2] === '-h') {
  console.log(about);
} else {
  process.exit(main());
}
