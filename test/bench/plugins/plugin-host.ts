/**
 * The plugin host with the smallest plugin there is: time from its start to an answer, memory after Init; then GetDevices
 * in turns with a bare grpc-js server, which counts as 1, one call after the other and sixteen in flight, and memory
 * after these calls, at once and when the host has been quiet for a while. A sixth of the calls comes before: until V8 has compiled what it will, the compilers are measured.
 * On a machine that has other things to do only the CPU time of a call counts. With `flags` the same for other ways to
 * run Node, among them Node's own. Needs `make build`.
 *
 *     node test/bench/plugins/plugin-host.ts [calls] [flags]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { nodeVariables, vspFlags } from '@dpu-operator/core/operator/shared/node-process';
import { deviceServiceDefinition, VspClient } from '@dpu-operator/sdk/client';
import { addUnaryService } from '@dpu-operator/sdk/wire';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import { quantile } from '../quantile.ts';

const starts = 10;
const rounds = 20;
const inFlight = 16;
const warmUpShare = 1 / 6;
/** Of the host's looks at whether it is quiet, two and a half. */
const quietMs = 25_000;

const dpu = {
  contract: '^1.1.0',
  hostApi: '^1.0.0',
  products: [{ name: 'Empty', dpu: { detect: { dmiProductContains: 'Empty' }, identifier: 'empty' } }],
};
const ids = Array.from({ length: 8 }, (_, index) => `vf${index}`);
const code = `const devices = ${JSON.stringify(ids)}.map((id) => ({ id, healthy: true }));
export default { create: () => ({
  address: { ip: '127.0.0.1', port: 50151 },
  getDevices: async () => devices,
  setNumVfs: async (count) => count,
}) };
`;

/** How a process runs under Node. */
interface Way {
  flags: readonly string[];
  variables: Record<string, string>;
}

const asDeployed: Way = {
  flags: vspFlags,
  variables: Object.fromEntries(nodeVariables.map(({ name, value }) => [name, value])),
};
const nothingSet: Way = { flags: [], variables: {} };
const { variables } = asDeployed;
/** What was tried in place of the deployed flags; core's operator/shared/node-process.ts says what came of it. */
const otherWays: Record<string, Way> = {
  'nothing set': nothingSet,
  'a young generation of 4 MB': { flags: ['--max-semi-space-size=4'], variables },
  'of 1 MB, no other threads': { flags: ['--max-semi-space-size=1', '--no-concurrent-recompilation'], variables },
};

interface Host {
  client: VspClient;
  process: ChildProcess;
  /** Milliseconds from the start of the process to the answer of Init. */
  startMs: number;
  /** Resident memory after Init. */
  initMiB: number;
}

interface Subject extends Host {
  name: string;
  rounds: Round[];
}

/** What the calls of one round took. */
interface Round {
  oneByOne: Speed;
  sixteen: Speed;
}

interface Speed {
  callsPerSecond: number;
  /** Microseconds of the server's CPU time. */
  cpuPerCall: number;
}

if (process.argv[2] === '--bare') await serveBare(process.argv[3] ?? '');
else await measure(Number(process.argv[2] ?? 300_000), process.argv[3] === 'flags' ? otherWays : {});

/** Nothing but what grpc-js needs for the same answer. */
async function serveBare(socket: string): Promise<void> {
  const server = new Server();
  const devices = Object.fromEntries(ids.map((id) => [id, { ID: id, health: 'Healthy' }]));
  addUnaryService(server, deviceServiceDefinition, {
    GetDevices: async () => ({ devices }),
    SetNumVfs: async (count) => count,
  });
  await promisify(server.bindAsync.bind(server))(`unix:${socket}`, ServerCredentials.createInsecure());
}

async function measure(calls: number, others: Record<string, Way>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'plugin-host-bench-'));
  const running: Subject[] = [];
  try {
    writePlugin(directory);
    await measureStarts(directory);
    const bare = await startBare(directory, nothingSet);
    running.push({ name: 'bare grpc-js server', ...bare, rounds: [] });
    running.push({ name: 'bare, run as the host', ...(await startBare(directory, asDeployed)), rounds: [] });
    for (const [name, way] of Object.entries({ 'plugin host': asDeployed, ...others })) {
      running.push({ name, ...(await startHost(directory, way)), rounds: [] });
    }
    const warmUp = Math.round(calls * warmUpShare);
    for (const subject of running) await call(subject, warmUp);
    const perRound = (calls - warmUp) / rounds;
    for (let round = 0; round < rounds; round += 1) {
      for (const subject of running) subject.rounds.push(await call(subject, perRound));
    }
    console.log(
      `\n${calls} calls of GetDevices each, in turns after ${warmUp}; medians of ${rounds}; load ${loadavg()[0]?.toFixed(2)}`,
    );
    const busy = new Map(running.map((subject) => [subject, residentMiB(subject.process)]));
    await sleep(quietMs);
    const rows = running.map((subject) => [
      subject.name,
      {
        ...figures(subject, running[0]),
        'MiB after the calls': rounded(busy.get(subject) ?? 0),
        'MiB when quiet': rounded(residentMiB(subject.process)),
      },
    ]);
    console.table(Object.fromEntries(rows));
  } finally {
    for (const subject of running) await stop(subject);
    rmSync(directory, { recursive: true });
  }
}

async function measureStarts(directory: string): Promise<void> {
  const hosts: Host[] = [];
  for (let run = 0; run < starts; run += 1) {
    const host = await startHost(directory, asDeployed);
    hosts.push(host);
    await stop(host);
  }
  console.log(`\nEmpty plugin, median of ${starts} starts; load ${loadavg()[0]?.toFixed(2)}`);
  console.table({
    'start to answer of Init, ms': rounded(median(hosts.map(({ startMs }) => startMs))),
    'RSS after Init, MiB': rounded(median(hosts.map(({ initMiB }) => initMiB))),
  });
}

function writePlugin(directory: string): void {
  const packageJson = { name: 'vsp-empty', version: '1.0.0', type: 'module', exports: './index.js', dpu };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(packageJson));
  writeFileSync(join(directory, 'index.js'), code);
}

function startBare(directory: string, { flags, variables }: Way): Promise<Host> {
  const socketPath = join(mkdtempSync(join(directory, 'bare-')), 'vsp.sock');
  return start([...flags, import.meta.filename, '--bare', socketPath], variables, socketPath);
}

async function startHost(directory: string, { flags, variables }: Way): Promise<Host> {
  const socketPath = join(mkdtempSync(join(directory, 'host-')), 'vsp.sock');
  const program = join(import.meta.dirname, '../../../packages/sdk/dist/bundle/dpu-vsp.mjs');
  const args = [...flags, program, 'serve', '--plugin', directory, '--socket', socketPath];
  return await start(args, variables, socketPath, { dpuMode: false, dpuIdentifier: 'empty' });
}

async function start(
  args: readonly string[],
  variables: Record<string, string>,
  socketPath: string,
  init?: { dpuMode: boolean; dpuIdentifier: string },
): Promise<Host> {
  const env = { ...process.env, ...variables, LOG_LEVEL: 'warn' };
  const started = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const client = new VspClient({ socketPath, logger: pino({ level: 'silent' }) });
  await new Promise<void>((resolve, reject) => {
    client.onConnectivity((connected) => connected && resolve());
    child.once('exit', () => reject(new Error('the server ended before it served; was it built?')));
  });
  if (init) await client.init(init);
  return { client, process: child, startMs: performance.now() - started, initMiB: residentMiB(child) };
}

async function stop({ client, process }: Host): Promise<void> {
  client.close();
  const ended = once(process, 'exit');
  process.kill();
  await ended;
}

/** A tenth of the calls one by one, the others sixteen in flight. */
async function call(host: Host, count: number): Promise<Round> {
  const single = Math.ceil(count / 10);
  return {
    oneByOne: await speedOf(host, single, 1),
    sixteen: await speedOf(host, Math.ceil(count - single), inFlight),
  };
}

async function speedOf({ client, process }: Host, count: number, atOnce: number): Promise<Speed> {
  const cpuBefore = cpuMs(process);
  const started = performance.now();
  let left = count;
  const callWhileSomeAreLeft = async () => {
    for (; left > 0; left -= 1) await client.getDevices();
  };
  await Promise.all(Array.from({ length: atOnce }, callWhileSomeAreLeft));
  return {
    callsPerSecond: (count / (performance.now() - started)) * 1000,
    cpuPerCall: ((cpuMs(process) - cpuBefore) / count) * 1000,
  };
}

function figures(subject: Subject, bare: Subject | undefined) {
  const measured = (of: (round: Round) => number) => Math.round(median(subject.rounds.map(of)));
  const ratio = (of: (round: Round, bareRound: Round) => number) =>
    median(subject.rounds.map((round, index) => of(round, bare?.rounds[index] ?? round))).toFixed(2);
  return {
    'calls/s, 1': measured(({ oneByOne }) => oneByOne.callsPerSecond),
    'of bare, 1': ratio((one, other) => one.oneByOne.callsPerSecond / other.oneByOne.callsPerSecond),
    'µs CPU, 1': measured(({ oneByOne }) => oneByOne.cpuPerCall),
    'of bare by CPU, 1': ratio((one, other) => other.oneByOne.cpuPerCall / one.oneByOne.cpuPerCall),
    'calls/s, 16': measured(({ sixteen }) => sixteen.callsPerSecond),
    'of bare, 16': ratio((one, other) => one.sixteen.callsPerSecond / other.sixteen.callsPerSecond),
    'µs CPU, 16': measured(({ sixteen }) => sixteen.cpuPerCall),
    'of bare by CPU, 16': ratio((one, other) => other.sixteen.cpuPerCall / one.sixteen.cpuPerCall),
    'MiB after Init': rounded(subject.initMiB),
  };
}

function median(values: number[]): number {
  return quantile(values, 0.5);
}

function rounded(value: number): number {
  return Number(value.toFixed(1));
}

function residentMiB({ pid }: ChildProcess): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

/** Of all threads, since the process began: the first field of proc(5)'s schedstat is nanoseconds. */
function cpuMs({ pid }: ChildProcess): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((id) =>
    Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
}
