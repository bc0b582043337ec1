import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import '../../daemon/metrics/vsp-metrics.ts';
import '../../daemon/peer/refusals.ts';
import { collectProcessMetrics, registry } from './metrics.ts';

const document = readFileSync(join(import.meta.dirname, '../../../../../docs/metrics.md'), 'utf8');

test('docs/metrics.md lists every metric and no other, with its type', async () => {
  collectProcessMetrics();
  const served = (await registry.getMetricsAsJSON()).map(({ name, type }) => `${name} ${type}`);
  const listed = [...document.matchAll(/^\| `([a-z0-9_]+)` +\| (\w+) +\|/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  expect(listed.sort()).toEqual(served.sort());
});
