import type { Check } from '../check.ts';
import { groups } from '../groups.ts';
import { bridgeLists } from './bridge-lists.ts';
import { bridgePorts } from './bridge-ports.ts';
import { bridgeUpdates } from './bridge-updates.ts';
import { chains } from './chains.ts';
import { concurrency } from './concurrency.ts';
import { deviceCounts } from './device-counts.ts';
import { deviceWatch, health } from './device-watch.ts';
import { devices } from './devices.ts';
import { devicesInUse } from './devices-in-use.ts';
import { errors } from './errors.ts';
import { leaks } from './leaks.ts';
import { lifecycle } from './lifecycle.ts';
import { logicalBridges } from './logical-bridges.ts';
import { networkConfig } from './network-config.ts';
import { networkFunctions } from './network-functions.ts';
import { restart } from './restart.ts';
import { shutdown } from './shutdown.ts';
import { status } from './status.ts';

const declared: readonly Check[] = [
  ...lifecycle,
  ...status,
  ...devices,
  ...deviceCounts,
  ...devicesInUse,
  ...deviceWatch,
  ...health,
  ...bridgePorts,
  ...bridgeUpdates,
  ...bridgeLists,
  ...logicalBridges,
  ...networkFunctions,
  ...chains,
  ...networkConfig,
  ...errors,
  ...concurrency,
  ...leaks,
  ...restart,
  ...shutdown,
];

/** All checks, in the order of their groups. */
export const allChecks: readonly Check[] = groups.flatMap((group) => declared.filter((check) => check.group === group));
