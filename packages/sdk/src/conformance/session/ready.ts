/** What goes wrong beside the checks is reported as itself, and not as the check that ran next. */
import type { Check } from '../check.ts';

export type Incident = Pick<Check, 'id' | 'group' | 'title' | 'demands' | 'document'>;

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
  demands: 'A bug of the plugin fails one call with INTERNAL. It does not end the VSP, neither in a call nor later.',
  document: 'contract/v1/errors.md#er-6',
};

export const pulse: Incident = {
  id: 'lifecycle.pulse',
  group: 'lifecycle',
  title: 'the heartbeat goes on whatever else does',
  demands: 'Ping answers within 5 s, whatever else goes on.',
  document: 'contract/v1/lifecycle.md#lc-7',
};

export const tidy: Incident = {
  id: 'lifecycle.tidy',
  group: 'lifecycle',
  title: 'nothing is left when the devices are gone',
  demands: 'SetNumVfs(0) takes away everything that the plugin made on the node: devices, bridges, ports, processes.',
  document: 'contract/v1/devices.md#dv-6',
};

/** What no check looks for by itself. */
export const incidents: readonly Incident[] = [ready, alive, pulse, tidy];
