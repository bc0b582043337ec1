/** What each process may do and why. The RBAC in config/deploy and docs/rights.md are made from it. */
import { daemonRights } from './daemon.ts';
import { operatorRights } from './operator.ts';
import type { ProcessRights } from './right.ts';
import { vspRights } from './vsp.ts';

/** Nothing here is a wildcard; what a process does not do, it may not do. */
export const processes: readonly ProcessRights[] = [operatorRights, daemonRights, vspRights];
