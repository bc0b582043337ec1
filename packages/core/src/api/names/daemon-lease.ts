/** The Lease by which a node's daemon shows that it works. */
import { workloads } from './names.ts';
import { shorten } from './paths.ts';

/** Names of Leases are DNS subdomains (RFC 1123). */
export const longestLeaseName = 253;

/** In the operator's namespace. */
export function daemonLeaseName(nodeName: string): string {
  return shorten(`${workloads.daemon}-${nodeName}`, longestLeaseName);
}

/** Tells these Leases from others of the namespace, such as the operator's own. */
export const daemonLeaseLabels = { app: workloads.daemon } as const;

/** Milliseconds between renewals: what the kubelet takes for its node (node-lease controller). */
export const daemonLeaseRenewMs = 10_000;

/**
 * Seconds without a renewal after which a daemon counts as silent: two renewals in a row may fail, and a dead daemon
 * is known within 40 s.
 */
export const daemonLeaseSeconds = 35;
