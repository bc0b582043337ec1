import { expect, test } from 'vitest';
import { DpuError } from '../../errors.ts';
import { createLogger } from './logger.ts';

test('what is foreseen is one line, a bug comes with its stack', () => {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({ dpu: 'd' }, 'info', { write: (line) => lines.push(JSON.parse(line)) });
  logger.warn({ err: new DpuError('UNAVAILABLE', 'no switch') }, 'first');
  logger.error({ err: new TypeError('x is not a function') }, 'second');
  expect(lines[0]).toMatchObject({ dpu: 'd', err: 'UNAVAILABLE: no switch' });
  expect(lines[1]?.err).toMatchObject({ type: 'TypeError', stack: expect.stringContaining('logger.test.ts') });
});
