/**
 * The `dpu-vsp` command: what a VSP pod runs. Command line, manifest and settings are read in a child process that ends
 * before the plugin starts: what checks them (commander, zod, ajv) takes 10 MB, which a VSP would keep for as long as
 * it runs. A worker thread would not do, as its memory stays with the process.
 */
import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { DpuError } from '../errors.ts';
import type { ServeRequest } from './command.ts';

/** Set in the child, which writes the request to this file descriptor. */
const marker = 'DPU_VSP_REQUEST_FD';

function fail(error: unknown): never {
  const { code, message } = DpuError.from(error);
  // A bug is told with its stack, everything else in one line.
  const text = code === 'INTERNAL' && error instanceof Error ? (error.stack ?? message) : message;
  process.stderr.write(`dpu-vsp: ${text}\n`);
  process.exit(code === 'INVALID_ARGUMENT' ? 2 : 1);
}

async function readCommand(requestFd: number): Promise<void> {
  const { parseCommand } = await import('./command.ts');
  await parseCommand(process.argv, (request) => writeSync(requestFd, JSON.stringify(request)));
}

async function serve(): Promise<void> {
  // V8's middle compiler costs 2 MB and gains the few calls a second of a VSP nothing.
  setFlagsFromString('--no-maglev');
  const args = [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const { status, output, error } = spawnSync(process.execPath, args, {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, [marker]: '3' },
    encoding: 'utf8',
  });
  if (error) throw error;
  // Empty after --help and the like.
  const request = output[3];
  if (status !== 0 || !request) process.exit(status ?? 1);
  const { run } = await import('./run.ts');
  // Written by the lines above, checked there.
  await run(JSON.parse(request) as ServeRequest);
}

const requestFd = process.env[marker];
await (requestFd ? readCommand(Number(requestFd)) : serve()).catch(fail);
