/**
 * Set-up of every project: `vi.waitFor` waits for a state as long as a busy machine may need, also where a test names a
 * shorter limit. A limit is a guard, not a measurement: what never comes fails with the last failure of the callback,
 * before the test's own time is over.
 */
import { vi } from 'vitest';

const limitMs = 60_000;
const intervalMs = 10;
const waitFor = vi.waitFor;

const patientWaitFor: typeof vi.waitFor = (callback, options = {}) => {
  const given = typeof options === 'number' ? { timeout: options } : options;
  return waitFor(callback, {
    interval: intervalMs,
    ...given,
    timeout: Math.max(given.timeout ?? 0, limitMs),
  });
};

// A process runs the tests of many files, and this before each of them.
if (!('isPatient' in waitFor)) vi.waitFor = Object.assign(patientWaitFor, { isPatient: true });
