/** Which test projects run one after another, and when nothing more needs the cluster of one. */
const onOneCluster = ['e2e', 'e2e-card'];
const onClusters = [...onOneCluster, 'e2e-2c', 'e2e-real', 'upgrade'];

/** What needs a cluster mostly waits, so the rest runs beside it. */
export function lanesOf(projects: readonly string[]): string[][] {
  return [
    projects.filter((project) => !onClusters.includes(project)),
    projects.filter((project) => onClusters.includes(project)),
  ];
}

/** Whether others follow in the lane, and none of them uses the cluster that this project has used. */
export function leavesCluster(lane: readonly string[], index: number): boolean {
  const following = lane.slice(index + 1);
  const isOnIt = (project: string) => onOneCluster.includes(project);
  return isOnIt(lane[index] ?? '') && following.length > 0 && !following.some(isOnIt);
}
