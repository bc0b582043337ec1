import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../../host/testing.ts';
import { conformanceSuite } from '../suite.ts';
import { failedIds, known } from '../testing/examine.ts';
import { olderImage } from '../testing/older-image.ts';

test('what an image of the Go operator is known to lack is listed, not held against it', async () => {
  const socketPath = join(await temporaryDirectory(), 'vsp.sock');
  const image = await olderImage(socketPath);
  onTestFinished(() => image.close());
  const freePorts = Array.from({ length: 150 }, (_, vf) => `host0-${vf}`);
  const options = { endpoint: `unix://${socketPath}`, modes: ['dpu'] as const, disruptive: true, freePorts, ...known };
  const report = await conformanceSuite(options).run();
  expect(failedIds(report)).toEqual([]);
  const reasons = new Map(report.results.map(({ id, reason }) => [id, reason ?? 'passed']));
  const expected: [string, string | RegExp][] = [
    ['lifecycle.init-repeat', /^legacy: Go images answer "already initialized".*; here: /],
    ['lifecycle.capabilities', /^legacy: older images do not tell/],
    ['devices.stable', 'passed'],
    ['devices.shape', /^legacy: Go images may leave Device.ID empty/],
    ['bridge.port-create', /^legacy: Go images serve Create and Delete only/],
    ['bridge.port-create-delete', 'passed'],
    ['bridge.unknown-fields', 'passed'],
    ['network-functions.create-delete', 'passed'],
    ['network-functions.unknown-interface', /^legacy: Go images have other codes/],
    ['chains.create', 'not announced: chains'],
    ['errors.malformed-message', 'passed'],
  ];
  for (const [id, reason] of expected)
    expect([id, reasons.get(id)]).toEqual([id, typeof reason === 'string' ? reason : expect.stringMatching(reason)]);
  expect(report.modes).toMatchObject([{ mode: 'dpu', left: [] }]);
  expect(report.modes[0]?.plugin).toBeUndefined();
});
