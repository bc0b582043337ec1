/**
 * The daemon's process killed at any moment of ADD and DEL. The steps one by one are in crash.test.ts; here the
 * moment is left to chance, and what dies is a process with its children. `ATTACH_KILLS=1000` makes it a long test.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { exec } from '@dpu-operator/sdk/linux';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { expectNothingLeft } from './checks.ts';
import { AttachFixture } from './fixture.ts';

const kills = Number(process.env.ATTACH_KILLS ?? 4);
/** Milliseconds that an ADD or DEL takes at most on a machine that has other work. */
const longestCall = 60;

const fixture = new AttachFixture('ak');
let daemon: ChildProcess;

beforeAll(async () => {
  await fixture.addDevices(1);
});
afterAll(() => fixture.close());
beforeEach(start);
afterEach(kill);

async function start(): Promise<void> {
  const program = join(import.meta.dirname, '../../../bench/attach/attach-daemon.ts');
  daemon = spawn(process.execPath, ['--conditions=source', program, fixture.directory, ...fixture.devices], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (daemon.stdout) await once(daemon.stdout, 'data');
}

async function kill(): Promise<void> {
  const ended = once(daemon, 'exit');
  daemon.kill('SIGKILL');
  await ended;
}

const ipam = fixture.hostLocal;
const config = () => ({ deviceID: fixture.device(), mac: '02:00:00:00:00:77', mtu: 1400, ipam });

/** One that has ended stays in the table until its parent, which may be the container's first process, looks. */
function isRunning(pid: string | undefined): boolean {
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') Z ';
  return !stat.includes(') Z ');
}

test('a daemon killed at any moment of ADD and DEL loses nothing', { timeout: 180_000 + kills * 60_000 }, async () => {
  const netns = await fixture.addNamespace('pod');
  for (let round = 0; round < kills; round += 1) {
    const command = round % 2 === 0 ? 'ADD' : 'DEL';
    if (command === 'DEL') expect(await fixture.cni('ADD', { netns, config: config() })).toMatchObject({ exitCode: 0 });
    const call = fixture.cni(command, { netns, config: config() });
    await delay((longestCall * round) / kills);
    await kill();
    await call;
    await start();
    expect(await fixture.cni('DEL', { netns, config: config() })).toMatchObject({ exitCode: 0 });
    await expectNothingLeft(fixture);
  }
});

test('an IPAM plugin dies with the daemon that called it, and the next one gives its address back', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ipam-'));
  const log = join(directory, 'log');
  await exec('mkfifo', [join(directory, 'never')]);
  const script = `#!/bin/sh\necho "$CNI_COMMAND $$" >> ${log}\n[ "$CNI_COMMAND" = ADD ] && read -r line < ${directory}/never\n:\n`;
  writeFileSync(join(directory, 'slow'), script, { mode: 0o755 });
  const calls = () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : []);
  fixture.pluginPath = directory;
  const netns = await fixture.addNamespace('slow');
  const adding = fixture.cni('ADD', { netns, config: { deviceID: fixture.device(), ipam: { type: 'slow' } } });
  await expect.poll(calls, { interval: 5 }).toHaveLength(1);
  const pid = calls()[0]?.split(' ')[1];
  await kill();
  expect(await adding).toMatchObject({ exitCode: 1 });
  await expect.poll(() => isRunning(pid), { interval: 5 }).toBe(false);
  await start();
  expect(calls()[1]).toMatch(/^DEL /);
  await expectNothingLeft(fixture);
});
