/** How often a change of many DPUs is looked at and told. */

/** Milliseconds in which changes are gathered before the objects that tell of them are looked at. */
export const gatherMs = 300;

/**
 * Milliseconds for each DPU of the cluster between two writes of what every daemon watches: all of a fleet together are sent
 * a hundred of these a second at most, however large it is.
 */
export const writeEveryMsForEach = 10;
