/** What goes wrong beside the checks is reported as itself, and not as the check that ran next. */
import type { Check } from './check.ts';

type Incident = Pick<Check, 'id' | 'group' | 'title' | 'demands' | 'document'>;

export const ready: Incident = {
  id: 'lifecycle.ready',
  group: 'lifecycle',
  title: 'the VSP starts, and takes Init',
  demands: 'Init succeeds, at the latest when the card is ready.',
  document: 'contract/v1/lifecycle.md#lc-1',
};

export const alive: Incident = {
  id: 'lifecycle.alive',
  group: 'lifecycle',
  title: 'the VSP does not end by itself',
  demands: 'A bug of the plugin fails one call with INTERNAL. It does not end the VSP.',
  document: 'contract/v1/errors.md#er-6',
};
