/** How soon a host notices that the daemon on its DPU is silent, and that it is back. */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HostDataPath } from '@dpu-operator/core/daemon/datapath';
import { securedHostEnd, sharedAuthority } from '@dpu-operator/core/daemon/peer/testing';
import type { BridgePort } from '@dpu-operator/sdk';
import { exec } from '@dpu-operator/sdk/linux';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';

const authority = await sharedAuthority();
const program = join(import.meta.dirname, 'peer-process.ts');
const temporaryDirectory = () => mkdtempSync(join(tmpdir(), 'peer-'));
const port: BridgePort = {
  name: 'host0-1',
  macAddress: '02:00:00:00:00:01',
  type: 'ACCESS',
  logicalBridges: ['3'],
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** @param command in front of the program, e.g. to run it in a network namespace */
async function startPeer(ip: string, command: string[] = []) {
  const listening = await freePort();
  const node = [
    process.execPath,
    '--conditions=source',
    program,
    temporaryDirectory(),
    ip,
    String(listening),
    JSON.stringify(authority),
  ];
  const [file = '', ...args] = [...command, ...node];
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the peer ended with ${code}`)));
  });
  return { child, address: `${ip}:${listening}` };
}

/** A host with heartbeats as it has them. Without a grace period an interruption is told when it is found. */
function startHost(address: string, options: { graceMs: number; ports?: BridgePort[] }) {
  const end = securedHostEnd(authority);
  onTestFinished(() => end.close());
  const host = new HostDataPath({
    dpuName: 'dpu',
    end,
    nodeName: 'host',
    directory: temporaryDirectory(),
    attachments: { bridgePorts: () => options.ports ?? [] },
    onChange: () => {},
    logger: pino({ level: 'silent' }),
    heartbeatMs: 2_000,
    graceMs: options.graceMs,
    isKnownDpu: false,
  });
  onTestFinished(() => host.close());
  host.connect(address);
  const often = { interval: 10 };
  const reachable = () => vi.waitFor(() => expect([host.isKnown, host.outage]).toEqual([true, undefined]), often);
  const away = () => vi.waitFor(() => expect(host.outage?.reason).toBe('PeerUnreachable'), often);
  return { host, reachable, away };
}

async function macIn(netns: string, link: string): Promise<string> {
  const { stdout } = await exec('ip', ['-n', netns, '-o', 'link', 'show', link]);
  return /link\/ether (\S+)/.exec(stdout)?.[1] ?? '';
}

/** Milliseconds. A quiet machine needs 5,000 and 1,000; without heartbeats, or what is dialled anew, it is minutes and 6,500. */
const limits = { noticed: 10_000, back: 3_000 };

async function took(what: keyof typeof limits, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await work();
  const ms = Math.round(performance.now() - start);
  console.info(`${what} after ${ms} ms`);
  expect(ms, what).toBeLessThan(limits[what]);
}

test('a daemon that hangs is noticed in seconds, and at once that it works again', async () => {
  const { child, address } = await startPeer('127.0.0.1');
  const { reachable, away } = startHost(address, { graceMs: 0 });
  await reachable();
  for (let round = 0; round < 3; round += 1) {
    child.kill('SIGSTOP');
    await took('noticed', away);
    child.kill('SIGCONT');
    await took('back', reachable);
  }
});

test('a pod waits for a daemon that hangs for a moment', async () => {
  const { child, address } = await startPeer('127.0.0.1');
  const ports: BridgePort[] = [];
  const { host, reachable } = startHost(address, { graceMs: 60_000, ports });
  const watcher = startHost(address, { graceMs: 0 });
  await Promise.all([reachable(), watcher.reachable()]);
  child.kill('SIGSTOP');
  ports.push(port);
  const adding = host.createBridgePort(port);
  // Another host, which tells at once, has noticed.
  await watcher.away();
  child.kill('SIGCONT');
  await adding;
  expect(host.outage).toBeUndefined();
});

test('a partition in which packets vanish is noticed in seconds, and at once that it is over', async () => {
  const name = `peer${process.pid % 100_000}`;
  const link = `${name}h`;
  await exec('ip', ['netns', 'add', name]);
  onTestFinished(async () => void (await exec('ip', ['netns', 'del', name], { allowFailure: true })));
  await exec('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', `${name}d`, 'netns', name]);
  await exec('ip', ['addr', 'add', '198.18.77.1/30', 'dev', link]);
  await exec('ip', ['link', 'set', link, 'up']);
  await exec('ip', ['-n', name, 'addr', 'add', '198.18.77.2/30', 'dev', `${name}d`]);
  await exec('ip', ['-n', name, 'link', 'set', `${name}d`, 'up']);
  // Between nodes of a cluster there are routers: who the next hop is stays known.
  const mac = await macIn(name, `${name}d`);
  await exec('ip', ['neigh', 'replace', '198.18.77.2', 'lladdr', mac, 'dev', link, 'nud', 'permanent']);
  const { address } = await startPeer('198.18.77.2', ['ip', 'netns', 'exec', name]);
  const { reachable, away } = startHost(address, { graceMs: 0 });
  await reachable();
  // The far end is down: what is sent goes nowhere, without an error.
  await exec('ip', ['-n', name, 'link', 'set', `${name}d`, 'down']);
  await took('noticed', away);
  // TCP doubles the time until it tries again: what had not been dialled anew would be back seconds after the packets are.
  await sleep(5_000);
  await exec('ip', ['-n', name, 'link', 'set', `${name}d`, 'up']);
  await took('back', reachable);
});
