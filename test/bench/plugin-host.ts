/**
 * The plugin host with the smallest plugin there is: time from its start to an answer, memory after Init, calls one
 * after the other. Needs `make build`.
 *
 *     node test/bench/plugin-host.ts [calls]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeVariables, vspFlags } from '@dpu-operator/core/operator/node-process';
import { VspClient } from '@dpu-operator/sdk/client';
import { pino } from 'pino';
import { quantile } from './quantile.ts';

const starts = 10;
/** Calls before it counts, until compilers are done. */
const warmUp = 3_000;

const dpu = {
  contract: '^1.1.0',
  hostApi: '^1.0.0',
  products: [{ name: 'Empty', dpu: { detect: { dmiProductContains: 'Empty' }, identifier: 'empty' } }],
};
/** Eight functions, a data path that has nothing to do. */
const code = `const devices = Array.from({ length: 8 }, (_, index) => ({ id: 'vf' + index, healthy: true }));
export default { create: () => ({
  address: { ip: '127.0.0.1', port: 50151 },
  getDevices: async () => devices,
  setNumVfs: async (count) => count,
  dataPath: { serves: ['bridge'], apply: async () => undefined },
}) };
`;

interface Host {
  client: VspClient;
  process: ChildProcess;
  /** Milliseconds from the start of the process to the answer of Init. */
  startMs: number;
  residentMiB: number;
}

const directory = mkdtempSync(join(tmpdir(), 'plugin-host-bench-'));
try {
  writePlugin();
  const figures: Pick<Host, 'startMs' | 'residentMiB'>[] = [];
  for (let run = 0; run < starts; run += 1) {
    const host = await start();
    figures.push(host);
    await stop(host);
  }
  const median = (values: number[]) => Number(quantile(values, 0.5).toFixed(1));
  console.log(`\nEmpty plugin, median of ${starts} starts; load ${loadavg()[0]?.toFixed(2)}`);
  console.table({
    'start to answer of Init, ms': median(figures.map(({ startMs }) => startMs)),
    'RSS after Init, MiB': median(figures.map(({ residentMiB }) => residentMiB)),
  });
  await measureCalls(Number(process.argv[2] ?? 20_000));
} finally {
  rmSync(directory, { recursive: true });
}

function writePlugin(): void {
  const packageJson = { name: 'vsp-empty', version: '1.0.0', type: 'module', exports: './index.js', dpu };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(packageJson));
  writeFileSync(join(directory, 'index.js'), code);
  mkdirSync(join(directory, 'run'));
}

async function start(): Promise<Host> {
  const program = join(import.meta.dirname, '../../packages/sdk/dist/bundle/dpu-vsp.mjs');
  const socketPath = join(directory, 'run/vsp.sock');
  const args = [...vspFlags, program, 'serve', '--plugin', directory, '--socket', socketPath];
  const variables = nodeVariables.map(({ name, value }) => [name, value]);
  const env = { ...process.env, ...Object.fromEntries(variables), LOG_LEVEL: 'warn' };
  const started = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const client = new VspClient({ socketPath, logger: pino({ level: 'silent' }) });
  await new Promise<void>((resolve, reject) => {
    client.onConnectivity((connected) => connected && resolve());
    child.once('exit', () => reject(new Error('the host ended before it served; was it built?')));
  });
  await client.init({ dpuMode: false, dpuIdentifier: 'empty' });
  const startMs = performance.now() - started;
  return { client, process: child, startMs, residentMiB: residentMiB(child) };
}

async function stop({ client, process }: Host): Promise<void> {
  client.close();
  const ended = once(process, 'exit');
  process.kill();
  await ended;
}

async function measureCalls(count: number): Promise<void> {
  const host = await start();
  const { client } = host;
  const createBridgePort = (index: number) =>
    client.createBridgePort({
      name: `host0-${index % 256}`,
      macAddress: '02:00:00:00:00:01',
      type: 'ACCESS',
      logicalBridges: ['2'],
    });
  const rows = {
    GetDevices: await timed(count, () => client.getDevices()),
    CreateBridgePort: await timed(count, createBridgePort),
  };
  console.log(`${count} calls of each, one after the other`);
  console.table(rows);
  console.log(`RSS after these calls: ${residentMiB(host.process).toFixed(1)} MiB\n`);
  await stop(host);
}

async function timed(count: number, call: (index: number) => Promise<unknown>) {
  const times: number[] = [];
  for (let index = -warmUp; index < count; index += 1) {
    const started = performance.now();
    await call(Math.abs(index));
    if (index >= 0) times.push(performance.now() - started);
  }
  const total = times.reduce((sum, ms) => sum + ms, 0);
  const at = (part: number) => Number(quantile(times, part).toFixed(2));
  return { 'calls/s': Math.round((times.length / total) * 1000), 'p50 ms': at(0.5), 'p99 ms': at(0.99) };
}

function residentMiB({ pid }: ChildProcess): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
