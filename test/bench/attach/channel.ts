/**
 * What mutual TLS costs between host and DPU: CreateBridgePort in plain text and with mutual TLS, in turns, so that both
 * have the same neighbours. `node --conditions=source test/bench/attach/channel.ts [calls]`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectHost, plainEnd, securedHostEnd, sharedAuthority } from '@dpu-operator/core/daemon/peer/testing';
import { quantile } from '../quantile.ts';

const calls = Number(process.argv[2] ?? 1_000);
const turn = 50;
/** Milliseconds of a tick of proc(5): USER_HZ is 100 on every architecture that Kubernetes runs on. */
const tickMs = 10;
const program = join(import.meta.dirname, '../../integration/core/peer/peer-process.ts');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

async function startDpu(authority: string) {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'channel-'));
  const args = ['--conditions=source', program, directory, '127.0.0.1', String(port), authority];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return { address: `127.0.0.1:${port}`, child };
}

/** Milliseconds of CPU that a process has used. */
function cpuOf(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

const cpuOfThis = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const authority = await sharedAuthority();
const kinds = await Promise.all(
  (['plain', 'mutual TLS'] as const).map(async (name) => {
    const isPlain = name === 'plain';
    const dpu = await startDpu(isPlain ? '' : JSON.stringify(authority));
    const end = isPlain ? plainEnd({ side: 'host' }) : securedHostEnd(authority);
    return { name, dpu, link: await connectHost(dpu.address, end), times: [] as number[], cpu: 0 };
  }),
);

let made = 0;
while (made < calls + turn) {
  // The first turn is for compilers and caches.
  const counts = made >= turn;
  for (const { link, dpu, times, ...kind } of kinds) {
    const before = cpuOf(dpu.child.pid) + cpuOfThis();
    for (let index = 0; index < turn; index += 1) {
      const name = `host0-${index}`;
      const start = performance.now();
      await link.client.createBridgePort({
        name,
        macAddress: '02:00:00:00:00:01',
        type: 'ACCESS',
        logicalBridges: ['3'],
      });
      if (counts) times.push(performance.now() - start);
      await link.client.deleteBridgePort(name, { allowMissing: false });
    }
    const used = cpuOf(dpu.child.pid) + cpuOfThis() - before;
    const its = kinds.find(({ name }) => name === kind.name);
    if (its && counts) its.cpu += used;
  }
  made += turn;
}
console.info(`load ${loadavg()[0]?.toFixed(1)}, ${calls} calls each`);
for (const { name, times, cpu } of kinds) {
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)].map((ms) => ms.toFixed(2));
  console.info(`${name}: p50 ${p50} ms, p99 ${p99} ms, CPU of both ends ${(cpu / calls).toFixed(2)} ms a port`);
}
for (const { link, dpu } of kinds) {
  link.close();
  dpu.child.kill();
}
process.exit(0);
