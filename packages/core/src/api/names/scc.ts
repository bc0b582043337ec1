/**
 * SecurityContextConstraints of OpenShift, which other clusters know nothing of. Each pod names the one that it is made
 * for: without, OpenShift takes any that its ServiceAccount may use, and may change the pod's user by it.
 */

export type Scc = 'privileged' | 'restricted-v2';

/** The annotation by which OpenShift admits a pod under that SCC and no other. */
export function requiredScc(scc: Scc): Record<string, string> {
  return { 'openshift.io/required-scc': scc };
}
