/** Which test projects run one after another, and which clusters nothing needs any more. */

/** The clusters of a project, by what follows the name of the tests' cluster. */
const clusters: Record<string, readonly string[]> = {
  e2e: [''],
  'e2e-card': [''],
  'e2e-2c': ['-host', '-dpu'],
};
const onOneCluster = ['e2e', 'e2e-card', 'e2e-real', 'upgrade'];

/** Two lanes, in the order given: what runs on the one cluster mostly waits, so the rest runs beside it. */
export function lanesOf(projects: readonly string[]): string[][] {
  return [
    projects.filter((project) => !onOneCluster.includes(project)),
    projects.filter((project) => onOneCluster.includes(project)),
  ];
}

/** The clusters that a project has used and none that follows in the lane does; none behind the last. */
export function clustersLeft(lane: readonly string[], index: number): string[] {
  const following = lane.slice(index + 1);
  if (following.length === 0) return [];
  const needed = following.flatMap((project) => clusters[project] ?? []);
  return (clusters[lane[index] ?? ''] ?? []).filter((cluster) => !needed.includes(cluster));
}
