import type { Check } from '../check.ts';
import { groups } from '../groups.ts';
import { bridgeLists } from './bridges/bridge-lists.ts';
import { bridgePorts } from './bridges/bridge-ports.ts';
import { bridgeUpdates } from './bridges/bridge-updates.ts';
import { logicalBridges } from './bridges/logical-bridges.ts';
import { concurrency } from './concurrency.ts';
import { deviceCounts } from './devices/device-counts.ts';
import { deviceWatch, health } from './devices/device-watch.ts';
import { devices } from './devices/devices.ts';
import { devicesInUse } from './devices/devices-in-use.ts';
import { errors } from './errors.ts';
import { chains } from './functions/chains.ts';
import { networkConfig } from './functions/network-config.ts';
import { networkFunctions } from './functions/network-functions.ts';
import { leaks } from './process/leaks.ts';
import { lifecycle } from './process/lifecycle.ts';
import { restart } from './process/restart.ts';
import { shutdown } from './process/shutdown.ts';
import { status } from './process/status.ts';

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
