/** The plugins' door: whatever one prints is a result, or an error with a code that runtimes know. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CniError } from '../../cni-error.ts';
import { resultOf } from '../attach/result.ts';
import { fuzzParameters, fuzzTimeout, oddJson, oddText, withOddFields } from '../testing/fuzz.ts';
import { Ipam } from './ipam.ts';

const directory = mkdtempSync(join(tmpdir(), 'ipam-fuzz-'));
writeFileSync(join(directory, 'odd'), '', { mode: 0o755 });
const call = { type: 'odd', env: { CNI_PATH: directory }, config: '{}' };
const attached = { name: 'net1', mac: '02:00:00:00:00:01', mtu: 1500, sandbox: '/run/netns/a' };

const result = withOddFields(
  {
    ips: [{ address: '10.0.0.2/24', gateway: '10.0.0.1' }],
    routes: [{ dst: '0.0.0.0/0' }],
    dns: { domain: 'a' },
  },
  fc.oneof(
    oddJson,
    fc.array(fc.record({ address: oddJson, gateway: oddJson, dst: oddJson, mtu: oddJson }, { requiredKeys: [] })),
  ),
);
const firstForm = withOddFields({
  ip4: { ip: '10.0.0.2/24', routes: [{ dst: '0.0.0.0/0' }] },
  ip6: { ip: 'fd00::2/64' },
});
const error = withOddFields({ code: 11, msg: 'no', details: 'why' });
const stdout = fc.oneof(
  fc.oneof<fc.Arbitrary<unknown>[]>(result, firstForm, error, oddJson).map((json) => `${JSON.stringify(json)}`),
  oddText,
);

test('a plugin’s answer', { timeout: fuzzTimeout }, async () => {
  const property = fc.asyncProperty(stdout, oddText, fc.constantFrom(0, 1, -1, 255), async (text, stderr, exitCode) => {
    const ipam = new Ipam({ exec: async () => ({ stdout: text, stderr, exitCode }) });
    const outcome = await ipam.add(call).catch((thrown: unknown) => thrown);
    if (outcome instanceof CniError) {
      expect(Number.isInteger(outcome.code) && outcome.code >= 1 && outcome.code < 2 ** 32).toBe(true);
      expect(outcome.message).toMatch(/^IPAM plugin odd/);
      return;
    }
    expect(outcome).not.toBeInstanceOf(Error);
    const addresses = outcome as Awaited<ReturnType<Ipam['add']>>;
    for (const { address } of addresses.ips) expect(address).toMatch(/^[0-9a-fA-F.:]+\/\d+$/);
    for (const { dst } of addresses.routes) expect(dst).toMatch(/^[0-9a-fA-F.:]+\/\d+$/);
    expect(JSON.stringify(resultOf({ cniVersion: '1.1.0' }, attached, addresses))).toContain('interfaces');
  });
  await fc.assert(property, fuzzParameters);
});
