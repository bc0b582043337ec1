/** A VSP in Go, as images made for the Go operator are, under the client of this project and its conformance suite. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VspClient } from '@dpu-operator/sdk/client';
import { conformanceSuite } from '@dpu-operator/sdk/conformance';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { buildGoVsp, hasGo } from '../../support/programs/go-vsp.ts';

const isPossible = await hasGo();
const why = isPossible ? '' : ' (skipped: there is no Go to build it with)';

describe.skipIf(!isPossible)(`a VSP of the Go operator's wire${why}`, () => {
  let directory: string;
  let socketPath: string;
  let vsp: ReturnType<typeof spawn>;
  let client: VspClient;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'go-vsp-'));
    socketPath = join(directory, 'vsp.sock');
    const program = await buildGoVsp(directory);
    // Its devices are in a network namespace of its own, and end with it.
    vsp = spawn('unshare', ['--net', program, socketPath], { stdio: 'ignore' });
    await vi.waitFor(() => expect(existsSync(socketPath)).toBe(true));
    client = new VspClient({ socketPath, logger: pino({ level: 'silent' }) });
  }, 600_000);

  afterAll(async () => {
    client?.close();
    if (vsp && vsp.exitCode === null) {
      vsp.kill('SIGTERM');
      await once(vsp, 'exit');
    }
    await rm(directory, { recursive: true, force: true });
  });

  test('has devices once it is told a number, and says that it runs already', async () => {
    expect(await client.init({ dpuMode: true, dpuIdentifier: 'go' })).toEqual({ ip: '127.0.0.1', port: 50151 });
    expect(await client.init({ dpuMode: true, dpuIdentifier: 'go' })).toBe('already-initialized');
    expect(await client.getDevices()).toEqual([]);
    expect(await client.setNumVfs(4)).toBe(4);
    expect((await client.getDevices()).map(({ id }) => id).sort()).toEqual(['govsp0', 'govsp1', 'govsp2', 'govsp3']);
  });

  test('is found in order by the suite, which reads only; what it lacks is skipped with the reason', async () => {
    const report = await conformanceSuite({ endpoint: `unix://${socketPath}`, modes: ['dpu'] }).run();
    const failed = report.results.filter(({ status }) => status === 'failed');
    expect(failed).toEqual([]);
    const skipped = report.results.filter(({ status }) => status === 'skipped');
    expect(skipped.length).toBeGreaterThan(0);
    expect(skipped.every(({ reason }) => reason !== undefined && reason !== '')).toBe(true);
    // Nothing was taken from it, nor added.
    expect(await client.getDevices()).toHaveLength(4);
  });
});
