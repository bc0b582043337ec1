/** What a killed predecessor left of Open vSwitch. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { endStaleOvs, exec } from '@dpu-operator/sdk/linux';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { installPrograms } from '../../support/programs/programs.ts';

let directory: string;
beforeAll(installPrograms);
beforeEach(async () => {
  directory = await mkdtemp('/run/vspmock-');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('is ended', async () => {
  const database = join(directory, 'conf.db');
  await exec('ovsdb-tool', ['create', database, '/usr/share/openvswitch/vswitch.ovsschema']);
  const places = [
    `--pidfile=${directory}/ovsdb-server.pid`,
    `--unixctl=${directory}/ctl`,
    `--log-file=${directory}/log`,
  ];
  await exec('ovsdb-server', [database, ...places, '--detach', '--no-chdir']);
  const pid = Number(await readFile(join(directory, 'ovsdb-server.pid'), 'utf8'));
  expect(await endStaleOvs(directory)).toEqual([pid]);
  expect(await endStaleOvs(directory)).toEqual([]);
});

it('is not mistaken for another process that has its id now', async () => {
  const other = spawn('sleep', ['60']);
  try {
    await writeFile(join(directory, 'ovsdb-server.pid'), `${other.pid}\n`);
    expect(await endStaleOvs(directory)).toEqual([]);
    expect(other.exitCode).toBeNull();
  } finally {
    other.kill();
  }
});
