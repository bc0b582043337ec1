/**
 * Unary calls of a VSP one after the other, beside a bare grpc-js server in turns with it, and the VSP's memory. The
 * VSP is the bundled software DPU as its pod runs it, in a network namespace of its own: needs root and `make build`.
 *
 *     node test/bench/plugins/vsp.ts [calls]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeVariables, vspFlags } from '@dpu-operator/core/operator/shared/node-process';
import { heartbeatServiceDefinition, VspClient } from '@dpu-operator/sdk/client';
import { addUnaryService } from '@dpu-operator/sdk/wire';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import { quantile } from '../quantile.ts';

interface Subject {
  name: string;
  client: VspClient;
  process: ChildProcess;
  /** Milliseconds of each call. */
  times: number[];
}

const rounds = 10;
/** Of the first, until compilers are done. */
const warmUp = 3;

if (process.argv[2] === '--bare') serveBare(process.argv[3] ?? '');
else await compare(Number(process.argv[2] ?? 20_000));

function serveBare(socket: string): void {
  const server = new Server();
  const Ping = async ({ timestamp }: { timestamp: string }) => ({ timestamp, responderId: 'bare', healthy: true });
  addUnaryService(server, heartbeatServiceDefinition, { Ping });
  server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
    if (error) throw error;
  });
}

async function compare(calls: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'vsp-bench-'));
  const root = join(import.meta.dirname, '../../..');
  const program = join(root, 'packages/sdk/dist/bundle/dpu-vsp.mjs');
  const sockets = [join(directory, 'bare.sock'), join(directory, 'vsp.sock')] as const;
  const plugin = join(root, 'packages/vsp-mock');
  const serve = [...vspFlags, program, 'serve', '--plugin', plugin, '--socket', sockets[1]];
  const bare = await start('bare grpc-js server', sockets[0], [import.meta.filename, '--bare', sockets[0]]);
  const vsp = await start('VSP', sockets[1], serve);
  try {
    await vsp.client.init({ dpuMode: false, dpuIdentifier: 'bench' });
    const before = residentMemory(vsp);
    for (let round = 0; round < rounds + warmUp; round += 1) {
      for (const subject of [bare, vsp]) await call(subject, calls / rounds, round >= warmUp);
    }
    console.log(`\nVSP: ${calls} calls of Ping one after the other, in turns; load ${loadavg()[0]?.toFixed(2)}`);
    console.table(Object.fromEntries([bare, vsp].map((subject) => [subject.name, figures(subject)])));
    console.log(`RSS of the VSP: ${before} MiB after its Init, ${residentMemory(vsp)} MiB after these calls\n`);
  } finally {
    for (const { client, process } of [bare, vsp]) {
      client.close();
      const ended = once(process, 'exit');
      process.kill();
      await ended;
    }
    rmSync(directory, { recursive: true });
  }
}

async function start(name: string, socketPath: string, args: readonly string[]): Promise<Subject> {
  const variables = nodeVariables.map((variable) => [variable.name, variable.value]);
  const env = { ...process.env, ...(name === 'VSP' && Object.fromEntries(variables)) };
  const child = spawn('unshare', ['--net', process.execPath, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const client = new VspClient({ socketPath, logger: pino({ level: 'silent' }) });
  await new Promise<void>((resolve, reject) => {
    client.onConnectivity((connected) => connected && resolve());
    child.once('exit', () => reject(new Error(`${name} ended before it served; is this root, after make build?`)));
  });
  return { name, client, process: child, times: [] };
}

async function call({ client, times }: Subject, count: number, counts: boolean): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const started = performance.now();
    await client.ping('bench');
    if (counts) times.push(performance.now() - started);
  }
}

function figures({ times }: Subject) {
  const at = (part: number) => Number(quantile(times, part).toFixed(2));
  const total = times.reduce((sum, ms) => sum + ms, 0);
  return { 'calls/s': Math.round((times.length / total) * 1000), 'p50 ms': at(0.5), 'p99 ms': at(0.99) };
}

function residentMemory({ process: { pid } }: Subject): string {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kilobytes) / 1024).toFixed(1);
}
