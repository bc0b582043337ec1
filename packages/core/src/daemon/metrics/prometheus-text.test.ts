import { Counter, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { mergeMetrics, parseMetrics } from './prometheus-text.ts';

const labels = { dpu: 'dpu-1', plugin: '@acme/vsp' };
const merge = (...texts: string[]) =>
  mergeMetrics(
    texts.map((text, index) => ({ families: parseMetrics(text), labels: { ...labels, dpu: `dpu-${index + 1}` } })),
    'dpu_vsp_',
  );

test('what prom-client writes comes through, with the labels given', async () => {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: 'dpu_vsp_calls_total', help: 'Calls "\\n', labelNames: ['method'], registers }).inc({
    method: 'a="b"},\\ \n',
  });
  new Histogram({ name: 'acme_seconds', help: 'Time.', buckets: [0.5], registers }).observe(0.1);
  expect(merge(await registry.metrics())).toBe(`# HELP dpu_vsp_calls_total Calls "\\\\n
# TYPE dpu_vsp_calls_total counter
dpu_vsp_calls_total{dpu="dpu-1",plugin="@acme/vsp",method="a=\\"b\\"},\\\\ \\n"} 1
# HELP dpu_vsp_acme_seconds Time.
# TYPE dpu_vsp_acme_seconds histogram
dpu_vsp_acme_seconds_bucket{dpu="dpu-1",plugin="@acme/vsp",le="0.5"} 1
dpu_vsp_acme_seconds_bucket{dpu="dpu-1",plugin="@acme/vsp",le="+Inf"} 1
dpu_vsp_acme_seconds_sum{dpu="dpu-1",plugin="@acme/vsp"} 0.1
dpu_vsp_acme_seconds_count{dpu="dpu-1",plugin="@acme/vsp"} 1
`);
});

test('a family of several DPUs is one, and nobody speaks for another', () => {
  const one = '# HELP x Things.\n# TYPE x gauge\nx{dpu="dpu-9",plugin="evil",a="1"} 1\n';
  const two = '# TYPE x counter\nx 2\nx 3\ndpu_vsp_x 4\n';
  expect(merge(one, two)).toBe(`# HELP dpu_vsp_x Things.
# TYPE dpu_vsp_x gauge
dpu_vsp_x{dpu="dpu-1",plugin="@acme/vsp",a="1"} 1
dpu_vsp_x{dpu="dpu-2",plugin="@acme/vsp"} 2
`);
});

test('names of the daemon cannot be taken', () => {
  const text = merge('dpu_operator_queue_depth 1\nprocess_open_fds 3 1700000000000\nup NaN\n');
  expect(text.trim().split('\n')).toEqual([
    'dpu_vsp_dpu_operator_queue_depth{dpu="dpu-1",plugin="@acme/vsp"} 1',
    'dpu_vsp_process_open_fds{dpu="dpu-1",plugin="@acme/vsp"} 3',
    'dpu_vsp_up{dpu="dpu-1",plugin="@acme/vsp"} NaN',
  ]);
});

test.each([
  'x{a="b} 1',
  'x one',
  'x{a=b} 1',
  'x{a="1" b="2"} 1',
  '1x 2',
  '<html>',
  'x 1 2 3',
  'x{a="1"}1e',
  'x{a="1",a="2"} 1',
  'x{__name__="up"} 1',
])('what is no metric is refused: %s', (text) => {
  expect(() => parseMetrics(text)).toThrow(/^th(is is|ese are) no /);
});

/** Each took seconds or hours once: a regression shows as the time-out of the test. */
test.each([
  ['quotes', `x{a="${'\\"'.repeat(200_000)}`],
  ['digits', `x ${'1'.repeat(500_000)}x`],
])('a long line of %s is refused', (_, line) => {
  expect(() => parseMetrics(line)).toThrow();
});

test('without sources there is no text', () => {
  expect(mergeMetrics([], 'dpu_vsp_')).toBe('');
  expect(merge('# HELP x Things.\n# TYPE x gauge\n')).toBe('');
});
