/** The two daemons of Open vSwitch as child processes, with everything they keep in a directory of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DpuError } from '../../errors.ts';

export type OvsProgram = 'ovsdb-server' | 'ovs-vswitchd';

export interface OvsProcessOptions {
  directory: string;
  /** Path of the network namespace whose devices it switches. Default: that of this process. */
  netns?: string | undefined;
  onLine: (line: string) => void;
}

/**
 * Milliseconds a daemon gets to end by itself. It takes tens; seconds where it closes many ports or the kernel's lock of
 * links is contended. One that is killed leaves its tap devices behind.
 */
const END_GRACE_MS = 20_000;

/** Starts one of the daemons in the foreground; its warnings go to `onLine`. */
export function startOvsProgram(program: OvsProgram, args: readonly string[], options: OvsProcessOptions) {
  const { directory, netns } = options;
  const command = [
    program,
    ...args,
    `--pidfile=${pidFile(directory, program)}`,
    '--no-chdir',
    '-vconsole:warn',
    '-vsyslog:off',
    '-vfile:off',
  ];
  const [file = program, ...rest] = netns ? ['nsenter', `--net=${netns}`, ...command] : command;
  const child = spawn(file, rest, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, OVS_RUNDIR: directory, OVS_LOGDIR: directory, OVS_DBDIR: directory },
  });
  child.stderr.on('data', (chunk: Buffer) => {
    for (const line of `${chunk}`.split('\n')) if (line.trim()) options.onLine(`${program}: ${line.trim()}`);
  });
  child.on('error', (error) => options.onLine(`${program}: ${error.message}`));
  return child;
}

/**
 * Waits until ovsdb-server listens: it makes its control socket right after the database's. Without this, `ovs-vsctl
 * --retry` comes a moment too early and tries again after a whole second.
 */
export async function databaseListens(server: ChildProcess, directory: string): Promise<void> {
  if (server.pid !== undefined) await fileAppears(join(directory, `ovsdb-server.${server.pid}.ctl`), server);
}

/** Ends as well when the program that is to make the file ends, or does not within a second. */
async function fileAppears(path: string, maker: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watcher = watch(dirname(path), (_event, name) => {
    if (name === basename(path)) resolve();
  });
  const timer = setTimeout(resolve, 1_000);
  maker.once('exit', resolve);
  if (!existsSync(path)) await promise;
  maker.off('exit', resolve);
  clearTimeout(timer);
  watcher.close();
}

/** Ends a daemon that this process started: asks it, and uses force when it does not go. */
export async function endOvsProgram(child: ChildProcess, ask: () => Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const timer = setTimeout(() => child.kill('SIGKILL'), END_GRACE_MS);
  await ask();
  await ended;
  clearTimeout(timer);
}

/**
 * Ends the daemons that a killed predecessor left running on a directory. A recorded process id is believed only
 * where that process is an Open vSwitch daemon working on this very directory: ids are used again.
 *
 * @throws DpuError DEADLINE_EXCEEDED when one of them cannot be ended
 */
export async function endStaleOvs(directory: string): Promise<number[]> {
  const files = await readdir(directory).catch(() => [] as string[]);
  const ended: number[] = [];
  for (const file of files.filter((name) => name.endsWith('.pid'))) {
    const pid = Number((await readFile(join(directory, file), 'utf8').catch(() => '')).trim());
    if (!Number.isInteger(pid) || pid <= 1 || !(await isOvsOf(pid, directory))) continue;
    process.kill(pid, 'SIGTERM');
    let waited = 0;
    while (await isOvsOf(pid, directory)) {
      if (waited === END_GRACE_MS) process.kill(pid, 'SIGKILL');
      if (waited > 2 * END_GRACE_MS) {
        throw new DpuError('DEADLINE_EXCEEDED', `process ${pid} (Open vSwitch on ${directory}) does not end; kill it`);
      }
      await delay(20);
      waited += 20;
    }
    ended.push(pid);
  }
  return ended;
}

async function isOvsOf(pid: number, directory: string): Promise<boolean> {
  const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  const name = (await read('comm')).trim();
  if (name !== 'ovsdb-server' && name !== 'ovs-vswitchd') return false;
  return (await read('cmdline')).includes(`=${pidFile(directory, name)}`);
}

const pidFile = (directory: string, program: OvsProgram) => join(directory, `${program}.pid`);
