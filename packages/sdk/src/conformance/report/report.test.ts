import { expect, test } from 'vitest';
import type { Report } from '../result.ts';
import { reportJson } from './json.ts';
import { reportJunit } from './junit.ts';
import { reportText } from './text.ts';

const check = { group: 'bridge', mode: 'dpu', durationMs: 12.3 } as const;
const report: Report = {
  contractVersion: '1.1.0',
  target: 'vsp-acme@1.0.0',
  startedAt: '2026-01-01T00:00:00.000Z',
  durationMs: 1_234,
  modes: [{ mode: 'dpu', removed: 2, left: ['port host0-0 (INTERNAL: "stuck")'] }],
  results: [
    { ...check, id: 'bridge.one', title: 'one works', status: 'passed' },
    {
      ...check,
      id: 'bridge.two',
      title: 'two & three <work>',
      status: 'failed',
      failure: {
        message: 'name must be "a", is "\u0001b"',
        demands: 'The name is a.',
        document: 'contract/v1/bridge.md#br-1',
        exchanges: [{ method: '/x.Y/Z', request: '{"name":"a"}', error: 'NOT_FOUND: no a', durationMs: 1 }],
      },
    },
    { ...check, id: 'bridge.three', title: 'three', status: 'skipped', reason: 'not announced: bridge' },
  ],
  conforms: false,
};

test('the text says what was sent, what came, what is demanded and where', () => {
  const text = reportText(report);
  for (const part of [
    'dpu side: bridge\n  ok   bridge.one',
    'skip bridge.three',
    'FAIL bridge.two (dpu side)\n  name must be "a"',
    'demanded: The name is a.\n  see: contract/v1/bridge.md#br-1',
    'x.Y/Z {"name":"a"}\n      NOT_FOUND: no a (1.0 ms)',
    'NOT removed:\n  port host0-0',
    'vsp-acme@1.0.0 does not conform to contract 1.1.0: 1 passed, 1 failed, 1 skipped in 1.2 s',
  ]) {
    expect(text).toContain(part);
  }
});

test('checks that were left out because they change the VSP are counted, and the verdict says how far it reaches', () => {
  const read: Report = {
    ...report,
    conforms: true,
    results: [
      { ...check, id: 'devices.one', group: 'devices', title: 'one', status: 'passed' },
      { ...check, id: 'bridge.two', title: 'two', status: 'skipped', reason: 'it would change the VSP: --disruptive' },
      { ...check, id: 'bridge.three', title: 'three', status: 'skipped', reason: 'not announced: bridge' },
    ],
  };
  const text = reportText(read);
  expect(text).not.toContain('bridge.two');
  expect(text).toContain('conforms to contract 1.1.0, as far as can be seen by reading: 1 passed, 0 failed, 1 skipped');
  expect(text).toContain('\n1 checks change the VSP and were left out; --disruptive runs them\n');
});

test('the XML is well-formed, whatever a VSP answers', () => {
  const xml = reportJunit(report);
  expect(xml).toContain('<testsuite name="dpu.bridge" tests="3" failures="1" skipped="1" time="0.037">');
  expect(xml).toContain('name="bridge.two: two &amp; three &lt;work&gt;"');
  expect(xml).toContain('<failure message="name must be &quot;a&quot;, is &quot;\ufffdb&quot;">');
  expect(xml).toContain('<skipped message="not announced: bridge"/>');
  const opened = [...xml.matchAll(/<(test\w+|failure)\b[^>]*[^/]>/g)].map(([, name]) => name);
  const closed = [...xml.matchAll(/<\/(\w+)>/g)].map(([, name]) => name);
  expect(closed.sort()).toEqual(opened.sort());
});

test('the JSON is the report', () => expect(JSON.parse(reportJson(report))).toEqual(report));
