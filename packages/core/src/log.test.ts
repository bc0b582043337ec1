import { DpuError } from '@dpu-operator/sdk';
import { expect, test } from 'vitest';
import { CniError, cniCodes } from './cni-error.ts';
import { ApiError } from './kube/client/api-error.ts';
import { createLogger, ProcessLog } from './log.ts';

test.each([
  [new DpuError('UNAVAILABLE', 'no VSP'), 'UNAVAILABLE: no VSP'],
  [new ApiError('GET /api: not found', 404, 'NotFound'), 'GET /api: not found'],
  [new CniError(cniCodes.deviceInUse, 'in use'), 'in use'],
  [CniError.from(new DpuError('RESOURCE_EXHAUSTED', 'full')), 'RESOURCE_EXHAUSTED: full'],
  [new DpuError('INTERNAL', 'bug'), { stack: expect.stringContaining('log.test.ts') }],
  [CniError.from(new TypeError('bug')), { stack: expect.stringContaining('log.test.ts') }],
])('has a message, or a stack where it is a bug: %s', (err, expected) => {
  const lines: Record<string, unknown>[] = [];
  createLogger('info', { write: (line) => lines.push(JSON.parse(line)) }).error({ err }, 'failed');
  if (typeof expected === 'string') expect(lines[0]?.err).toBe(expected);
  else expect(lines[0]?.err).toMatchObject(expected);
});

test('the level of a process and of all loggers made from its own changes while it runs, and back', () => {
  const lines: string[] = [];
  const log = new ProcessLog('info', { write: (line) => lines.push(JSON.parse(line).msg) });
  const child = log.logger.child({ of: 'child' });
  const grandchild = child.child({ of: 'grandchild' });
  const tellAll = (when: string) => {
    lines.length = 0;
    for (const [name, logger] of Object.entries({ root: log.logger, child, grandchild }))
      logger.debug(`${name} ${when}`);
    return [...lines];
  };
  expect(tellAll('at first')).toEqual([]);
  log.setLogLevel(1);
  expect(lines).toEqual(['the log level changed']);
  expect(tellAll('then')).toEqual(['root then', 'child then', 'grandchild then']);
  log.setLogLevel(2);
  expect(log.logger.child({}).isLevelEnabled('debug')).toBe(true);
  log.setLogLevel(0);
  expect(tellAll('at last')).toEqual([]);
});

test.each([
  ['trace', 1, 'trace'],
  ['trace', 0, 'trace'],
  ['error', 1, 'debug'],
  ['error', 0, 'error'],
])('a process that starts with %s and is set to %i tells from %s on', (start, logLevel, level) => {
  const log = new ProcessLog(start, { write: () => {} });
  log.setLogLevel(logLevel);
  expect(log.logger.level).toBe(level);
});
