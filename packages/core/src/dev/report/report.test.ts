import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { Report } from './report.ts';

function report(verbose = false) {
  const lines: string[] = [];
  return { lines, to: new Report((line) => lines.push(stripVTControlCharacters(line)), verbose) };
}

const ping = (healthy: boolean) => ({
  method: 'Heartbeat.Ping',
  milliseconds: 0.5,
  code: 'OK',
  request: '{}',
  answer: `{timestamp: 1, healthy: ${healthy}}`,
});

test('of heartbeats only those that say something new', () => {
  const { lines, to } = report();
  for (const healthy of [true, true, false, false, true]) to.call('dpu', ping(healthy));
  to.call('host', ping(true));
  expect(lines.map((line) => line.split('->')[1])).toEqual([true, false, true, true].map((h) => ` ${ping(h).answer}`));
  const all = report(true);
  for (let count = 0; count < 3; count += 1) all.to.call('dpu', ping(true));
  expect(all.lines).toHaveLength(3);
});

test('lines of the plugin: its log in short, with the stack of an error, and whatever else it prints', () => {
  const { lines, to } = report();
  const log = {
    level: 50,
    time: 1,
    dpu: 'd',
    plugin: 'p',
    port: 'host0-0',
    err: { stack: 'Error: x\n at y' },
    msg: 'no',
  };
  to.printed('host', JSON.stringify(log));
  to.printed('host', 'hello');
  to.printed('dpu', '{"level":"x"}');
  expect(lines).toEqual([
    '  host plugin error: no port=host0-0 err=Error: x\n at y',
    '  host plugin: hello',
    '  dpu  plugin: {"level":"x"}',
  ]);
});

test('of the daemon what is wrong', () => {
  const { lines, to } = report();
  to.daemonLog('dpu', '{"level":30,"msg":"VSP ready"}');
  to.daemonLog('dpu', '{"level":40,"msg":"the VSP is not ready","err":"INTERNAL: x"}');
  to.daemonLog('dpu', 'Error: not JSON');
  expect(lines).toEqual(['  dpu  daemon warn: the VSP is not ready err=INTERNAL: x', '  dpu  daemon Error: not JSON']);
});

test('the outcome names the steps that failed since the last one', () => {
  const { lines, to } = report();
  to.passed('a', '');
  for (const step of ['b', 'c', 'b']) to.failed(step, 'why');
  to.skipped('d', 'why');
  expect([to.outcome('works'), to.outcome('works')]).toEqual([false, true]);
  expect(lines.slice(-2)).toEqual(['failed: b; c', 'works']);
});

test('what failed before a round is no failure of it', () => {
  const { lines, to } = report();
  to.failed('a', 'too late');
  to.begin('changed: index.js');
  expect(to.outcome('works')).toBe(true);
  expect(lines.slice(-2)).toEqual(['changed: index.js', 'works']);
});
