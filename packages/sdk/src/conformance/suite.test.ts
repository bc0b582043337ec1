/** The suite as tests of a vendor's own, with the framework that runs this file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { conformanceSuite } from './suite.ts';
import { known, memoryPackage } from './testing/examine.ts';

const ran: string[] = [];
const only = ['lifecycle', 'devices.stable', 'devices.health', 'chains.update'];
const directory = await mkdtemp(join(tmpdir(), 'dpu-sdk-'));
const plugin = await memoryPackage(directory);
afterAll(() => rm(directory, { recursive: true }));

conformanceSuite({ plugin, only, modes: ['dpu'], ...known }).register({
  describe,
  test: (name, body, timeoutMs) =>
    test(
      name,
      async (context) => {
        ran.push(name);
        await body(context);
      },
      timeoutMs,
    ),
  afterAll,
});

test('every check was a test', () => {
  expect(ran).toContain('chains.update: a chain can get another order and other functions');
  // Checks of a VSP that nobody has called Init of: at the starts that there are anyway.
  expect(ran.at(-1)).toMatch(/^lifecycle.init-after-failure/);
});

test('a broken rule is a failed test that says which', async () => {
  const bodies: [string, (context: { skip(): void }) => Promise<void>][] = [];
  const ends: (() => Promise<void>)[] = [];
  const settings = { fault: 'fails to close' };
  conformanceSuite({ plugin: await memoryPackage(), settings, only: ['shutdown.exit'], ...known }).register({
    describe: (_name, body) => body(),
    test: (name, body) => bodies.push([name, body]),
    afterAll: (body) => ends.push(body),
  });
  let skipped = 0;
  const context = { skip: () => skipped++ };
  // The plugin has no host side.
  await bodies[0]?.[1](context);
  expect(skipped).toBe(1);
  await expect(bodies[1]?.[1](context)).rejects.toThrow(/exit code 1[\s\S]*contract\/v1\/lifecycle\.md#lc-11/);
  for (const end of ends) await end();
}, 60_000);
