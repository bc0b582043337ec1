/**
 * Set-up of every project: `vi.waitFor` waits for a state as long as a busy machine may need. Its limit is a guard, not
 * a measurement: what never comes fails with the last failure of the callback, before the test's own time is over.
 */
import { vi } from 'vitest';

const limitMs = 20_000;
const waitFor = vi.waitFor;

vi.waitFor = (callback, options) => waitFor(callback, options ?? { timeout: limitMs, interval: 10 });
