import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CertificateKeeper } from './certificate-keeper.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a certificate that was not given is asked for again after the pause, also when the clock was set back', async () => {
  const certify = vi.fn(async () => {
    throw new Error('the operator is away');
  });
  const keeper = new CertificateKeeper({
    identity: () => ({ installation: 'i', side: 'host', node: 'node', dpu: 'card' }),
    makeRequest: async () => ({ key: '', request: '' }),
    certify,
    refusal: () => undefined,
    load: () => undefined,
    save: async () => {},
    onChange: () => {},
    logger: pino({ enabled: false }),
  });
  keeper.reconsider();
  await vi.waitFor(() => expect(keeper.problem?.message).toContain('the operator is away'));
  vi.setSystemTime(Date.now() - 24 * 3_600_000);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(certify.mock.calls.length).toBeGreaterThan(1);
  keeper.close();
});
