import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exec } from './exec.ts';

const sh = (script: string) => ['-c', script];
const isRunning = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

test('gives input, and answers output and exit', async () => {
  expect(await exec('cat', [], { input: 'words' })).toEqual({ stdout: 'words', stderr: '', exitCode: 0 });
  const failed = exec('sh', sh('echo why >&2; exit 3'));
  await expect(failed).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringMatching(/: why$/) });
  expect(await exec('sh', sh('exit 3'), { allowFailure: true })).toMatchObject({ exitCode: 3 });
});

test.each([true, false])('one that a signal kills has failed, with allowFailure: %s', async (allowFailure) => {
  const silent = exec('sh', sh('kill -9 $$'), { allowFailure });
  await expect(silent).rejects.toMatchObject({ code: 'INTERNAL', message: /: killed by SIGKILL$/ });
  const talking = exec('sh', sh('echo half; kill -9 $$'), { allowFailure });
  await expect(talking).rejects.toMatchObject({ code: 'INTERNAL', message: /: killed by SIGKILL, after half$/ });
});

test('a program that is not there', async () => {
  await expect(exec('no-such-program', [])).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  const byAnother = exec('no-such-program', [], { dieWithParent: true });
  await expect(byAnother).rejects.toMatchObject({ code: 'FAILED_PRECONDITION', message: /no-such-program/ });
  await expect(exec('echo', ['a\0b'])).rejects.toMatchObject({ code: 'INTERNAL' });
});

test('the timeout kills what the program started too', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'exec-')), 'pid');
  const running = exec('sh', sh(`sleep 600 & echo $! > ${file}; wait`), { timeoutMs: 200 });
  await expect(running).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', message: /no answer within 200 ms/ });
  const pid = Number(readFileSync(file, 'utf8'));
  await expect.poll(() => isRunning(pid), { interval: 5 }).toBe(false);
});

test.each(['stdout', 'stderr'])('a grandchild of its own session that holds %s outlives no timeout', async (stream) => {
  const rest = stream === 'stdout' ? '2>/dev/null' : '>/dev/null';
  const script = `setsid sleep 600 ${rest} & echo $!`;
  const { stdout, exitCode } = await exec('sh', sh(script), { timeoutMs: 200 });
  expect(exitCode).toBe(0);
  process.kill(Number(stdout), 'SIGKILL');
});

test('an abort ends it at once', async () => {
  const stop = new AbortController();
  const running = exec('sleep', ['600'], { signal: stop.signal });
  stop.abort();
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(exec('sleep', ['600'], { signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('a program that prints without end is stopped', async () => {
  await expect(exec('yes', [])).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
});

/** A Node of its own, since what is tested would end this one. */
async function inNode(prelude: string, script: string): Promise<{ code: number | null; stdout: string }> {
  const source = `import { exec } from ${JSON.stringify(join(import.meta.dirname, 'exec.ts'))};\n${script}`;
  const quoted = `'${source.replaceAll("'", `'\\''`)}'`;
  const child = execFile('sh', sh(`${prelude} ${process.execPath} --input-type=module -e ${quoted}`));
  let stdout = '';
  child.stdout?.on('data', (text) => {
    stdout += text;
  });
  child.stderr?.pipe(process.stderr);
  const [code] = await once(child, 'close');
  return { code, stdout };
}

test('without file descriptors for it a program is not started, and nothing else happens', async () => {
  const script = `
    import { openSync } from 'node:fs';
    await exec('true', []);
    try { for (;;) openSync('/dev/null'); } catch {}
    const results = await Promise.allSettled([exec('true', []), exec('true', [])]);
    process.on('exit', () => process.stdout.write(results.map(({ reason }) => reason.code).join()));
  `;
  expect(await inNode('ulimit -n 64;', script)).toEqual({ code: 0, stdout: 'RESOURCE_EXHAUSTED,RESOURCE_EXHAUSTED' });
});

test('a program that is to die with its parent does so when that is killed', async () => {
  const script = `
    exec('sh', ['-c', 'echo $$ >&2; sleep 600'], { dieWithParent: true });
    const { readdirSync, readFileSync } = await import('node:fs');
    const find = () => readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').trim().split(' ')
      .find((pid) => pid && readFileSync('/proc/' + pid + '/cmdline', 'utf8').startsWith('sh\\0-c\\0echo'));
    const look = () => {
      const pid = find();
      if (!pid) return setImmediate(look);
      process.stdout.write(pid, () => process.kill(process.pid, 'SIGKILL'));
    };
    look();
  `;
  const { stdout } = await inNode('', script);
  const pid = Number(stdout);
  expect(pid).toBeGreaterThan(1);
  await expect.poll(() => isRunning(pid), { interval: 5 }).toBe(false);
});
