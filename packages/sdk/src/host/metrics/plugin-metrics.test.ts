import { Registry } from 'prom-client';
import { expect, test, vi } from 'vitest';
import { OwnMetrics } from './plugin-metrics.ts';

function start() {
  const registry = new Registry();
  const warn = vi.fn();
  return { registry, metrics: new OwnMetrics(registry, { warn }), warn };
}

test('counters, gauges and histograms are in the registry', async () => {
  const { registry, metrics } = start();
  const dropped = metrics.counter({ name: 'acme_dropped_total', help: 'Frames.', labelNames: ['port'] });
  dropped.inc({ port: 'p0' });
  dropped.inc({ port: 'p0' }, 2);
  let reads = 0;
  metrics.gauge({
    name: 'acme_rules',
    help: 'Rules.',
    read: (gauge) => {
      reads += 1;
      gauge.set(reads);
    },
  });
  metrics.histogram({ name: 'acme_seconds', help: 'Time.', buckets: [1] }).observe(0.5);
  await registry.metrics();
  const text = await registry.metrics();
  expect(text).toContain('acme_dropped_total{port="p0"} 3');
  expect(text).toContain('\nacme_rules 2');
  expect(text).toContain('acme_seconds_bucket{le="1"} 1');
});

test('a read that fails or hangs is told once, and hides no other metric', async () => {
  const { registry, metrics, warn } = start();
  metrics.counter({ name: 'acme_total', help: 'x' }).inc();
  const read = vi.fn(() => Promise.withResolvers<void>().promise);
  metrics.gauge({ name: 'acme_hangs', help: 'x', read });
  metrics.gauge({ name: 'acme_throws', help: 'x', read: () => expect.fail('the card is away') });
  await registry.metrics();
  expect(await registry.metrics()).toContain('acme_total 1');
  expect(read).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls.map(([fields]) => fields.metric).sort()).toEqual(['acme_hangs', 'acme_throws']);
});

test.each([
  [{ name: 'dpu_vsp_calls_total', help: 'x' }, "dpu_vsp_calls_total is of the host's"],
  [{ name: 'process_open_fds', help: 'x' }, "process_open_fds is of the host's"],
  [{ name: 'acme-rules', help: 'x' }, 'name must be that of a metric, e.g. acme_frames_total, is "acme-rules"'],
  [{ name: 'acme_rules', help: '' }, 'help of acme_rules must be a text'],
  [{ name: 'acme_rules', help: 'x', labelNames: ['dpu'] }, "labelNames of acme_rules: dpu is the daemon's"],
  [{ name: 'acme_rules', help: 'x', labelNames: ['a-b'] }, 'labelNames of acme_rules: a-b is no name of a label'],
  [{ name: 'acme_rules', help: 'x', labelNames: ['__a'] }, "labelNames of acme_rules: __a is Prometheus' own"],
])('what is wrong is refused by its field: %j', (options, message) => {
  const { metrics, registry } = start();
  expect(() => metrics.counter(options)).toThrow(message);
  expect(registry.getMetricsAsArray()).toEqual([]);
});

test('a name is there once, until the next attempt to create the plugin', () => {
  const { metrics } = start();
  metrics.counter({ name: 'acme_total', help: 'x' });
  expect(() => metrics.gauge({ name: 'acme_total', help: 'x' })).toThrow('there is a metric acme_total already');
  metrics.clear();
  metrics.gauge({ name: 'acme_total', help: 'x' });
});
