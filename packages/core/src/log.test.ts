import { DpuError } from '@dpu-operator/sdk';
import { expect, test } from 'vitest';
import { CniError, cniCodes } from './daemon/attach/errors.ts';
import { ApiError } from './kube/api-error.ts';
import { createLogger } from './log.ts';

test.each([
  [new DpuError('UNAVAILABLE', 'no VSP'), 'UNAVAILABLE: no VSP'],
  [new ApiError('GET /api: not found', 404, 'NotFound'), 'GET /api: not found'],
  [new CniError(cniCodes.deviceInUse, 'in use'), 'in use'],
  [CniError.from(new DpuError('RESOURCE_EXHAUSTED', 'full')), 'RESOURCE_EXHAUSTED: full'],
  [new DpuError('INTERNAL', 'bug'), { stack: expect.stringContaining('log.test.ts') }],
  [CniError.from(new TypeError('bug')), { stack: expect.stringContaining('log.test.ts') }],
])('%s', (err, expected) => {
  const lines: Record<string, unknown>[] = [];
  createLogger('info', { write: (line) => lines.push(JSON.parse(line)) }).error({ err }, 'failed');
  if (typeof expected === 'string') expect(lines[0]?.err).toBe(expected);
  else expect(lines[0]?.err).toMatchObject(expected);
});
