/** The contract's rules on the example vendor's plugin, by the command that vendors run: needs root. */
import { groups } from '@dpu-operator/sdk/conformance';
import { exec } from '@dpu-operator/sdk/linux';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { argumentsOf, documentCommands } from '../../support/documents/readme.ts';
import type { Netns } from '../../support/network/netns.ts';
import { AcmeFixture, dpuVsp, pluginDirectory } from './fixture.ts';

const minutes = 60_000;
/** Those for leaks make thousands of calls, each of which starts `ip`. */
const checked = groups.filter((group) => group !== 'leaks');

let fixture: AcmeFixture;
let node: Netns;
beforeAll(async () => {
  fixture = await AcmeFixture.create('acmeconf');
  node = await fixture.netns('conformance');
});
afterAll(() => fixture?.[Symbol.asyncDispose]());

it.each([
  ['across two nodes', { peer: '192.0.2.2', vfs: 4, functionPorts: 6 }],
  ['on one node', { vfs: 4 }],
])(
  'conforms %s, and leaves nothing',
  async (_, settings) => {
    const [documented = ''] = await documentCommands('packages/sdk/docs/guides/bridges.md', 'Try it');
    const [program, ...args] = argumentsOf('npx', documented.replace('--plugin .', `--plugin ${pluginDirectory}`));
    expect(program).toBe('dpu-vsp');
    // The groups come last, and there are more.
    const command = [process.execPath, dpuVsp, ...args, ...checked.filter((group) => !args.includes(group))];
    const options = ['--settings', JSON.stringify(settings), '--max-vfs', '128', '--ports', '128'];
    const { stdout, exitCode } = await exec('nsenter', [`--net=${node.path}`, ...command, ...options], {
      allowFailure: true,
      timeoutMs: 9 * minutes,
    });
    expect(exitCode, stdout).toBe(0);
    expect(await node.names()).toEqual(['lo']);
  },
  10 * minutes,
);
