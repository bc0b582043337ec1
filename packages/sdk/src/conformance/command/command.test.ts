import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../../host/testing.ts';
import { exec } from '../../linux/exec.ts';
import { contractVersion } from '../../manifest/contract-version.ts';
import { memoryPackage } from '../testing/examine.ts';

const main = join(import.meta.dirname, '../../host/command/main.ts');

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [main, 'conformance', ...args]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const end = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { child, end: end.then(([[status], stdout, stderr]) => ({ status, stdout, stderr })) };
}

describe('dpu-vsp conformance', () => {
  test('checks a plugin, writes its reports and ends with 0', async () => {
    const [plugin, directory] = [await memoryPackage(), await temporaryDirectory()];
    const [junit, json] = [join(directory, 'a.xml'), join(directory, 'a.json')];
    const only = ['--only', 'devices.stable', 'errors.port-name', '--junit', junit, '--json', json];
    const { status, stdout, stderr } = await start(['--plugin', plugin, ...only]).end;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('ok   errors.port-name');
    expect(stdout).toContain(`vsp-memory@1.2.3 conforms to contract ${contractVersion}: 2 passed, 0 failed, 0 skipped`);
    expect(await readFile(junit, 'utf8')).toContain('tests="2" failures="0"');
    expect(JSON.parse(await readFile(json, 'utf8'))).toMatchObject({ conforms: true });
  });

  test('installs a plugin that is not a directory', async () => {
    const plugin = await memoryPackage();
    await exec('npm', ['pack', plugin, '--pack-destination', plugin], { timeoutMs: 50_000 });
    const tarball = join(plugin, 'vsp-memory-1.2.3.tgz');
    const { status, stdout } = await start(['--plugin', tarball, '--only', 'lifecycle.ping']).end;
    expect(stdout).toContain('vsp-memory@1.2.3 conforms');
    expect(status).toBe(0);
  });

  test('ends with 1 when a rule is broken', async () => {
    const broken = ['--settings', '{"fault":"fails to close"}', '--only', 'shutdown.exit'];
    const { status, stdout } = await start(['--plugin', await memoryPackage(), ...broken]).end;
    expect(status).toBe(1);
    expect(stdout).toContain('the VSP ended with exit code 1, not with exit code 0');
    expect(stdout).toContain('see: contract/v1/lifecycle.md#lc-11');
  });

  test('ends with 2 when the command line is wrong', async () => {
    const wrong: [string[], string][] = [
      [[], 'give plugin or endpoint'],
      [['--endpoint', 'unix:///x'], 'an endpoint serves one side'],
      [['--endpoint', 'unix:///x', '--mode', 'both'], '--mode must be host or dpu'],
      [['--plugin', '.', '--only', 'speed'], 'there is no check or group "speed"'],
      [['--plugin', '.', '--settings', '{'], '--settings: '],
      [['--plugin', '.', '--quickly'], "unknown option '--quickly'"],
    ];
    const ends = await Promise.all(wrong.map(async ([args, message]) => ({ ...(await start(args).end), message })));
    for (const { status, stderr, message } of ends) {
      expect(stderr).toContain(message);
      expect(status).toBe(2);
    }
  });

  test('lists the checks', async () => {
    const { status, stdout } = await start(['--list', '--only', 'chains']).end;
    expect(status).toBe(0);
    expect(stdout).toMatch(/^chains\.create +a chain keeps its order \(contract\/v1\/chains\.md#ch-1\)\n/);
    expect(stdout).not.toContain('bridge.');
  });

  test('on SIGINT removes what it made', async () => {
    const { child, end } = start(['--plugin', await memoryPackage(), '--only', 'bridge']);
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (line) => String(line).includes('bridge.port-create ') && resolve());
    });
    child.kill('SIGINT');
    const { status, stdout, stderr } = await end;
    expect(stderr).toContain('to remove what the suite made');
    expect(stdout).toContain('nothing left');
    expect(stdout).not.toContain('bridge.bridge-update');
    expect(status).toBe(1);
  });
});
