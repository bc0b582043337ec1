/** What the product could leave behind. */
import { bothSides, clustersOf, type Side, type Sides } from './sides.ts';

/** The daemon's place on a node. */
export const daemonDirectory = '/var/run/dpu-daemon/';

/** Of a node: links, addresses, files, sockets and labels. */
export async function traces({ cluster, kubectl, node }: Side): Promise<string> {
  const look = [
    // Pods come and go with their own veths; kernel indices and lifetimes change: names, kinds and addresses do not.
    `ip -json -details addr | jq -c '.[] | select(.linkinfo.info_kind != "veth" or (.ifname | startswith("swdpu"))) | [.ifname, .linkinfo.info_kind, [.addr_info[].local]]'`,
    // The directory itself is the daemon's mount point: the kubelet makes it, and nobody in a pod can remove it.
    `find ${daemonDirectory} -mindepth 1; ls /opt/cni/bin/dpu-cni /var/lib/kubelet/device-plugins/dpuNet.sock; true`,
    'find /var/lib/cni/networks -path "*default-sriov-net*" -name "10.*" 2>/dev/null || true',
  ].join('; ');
  const { stdout } = await cluster.exec(node, ['bash', '-c', look]);
  const { metadata } = await kubectl.json<{ metadata: { labels: object } }>(['get', 'node', node]);
  return `${stdout}\n${JSON.stringify(metadata.labels, null, 1)}`;
}

/** Of the host's node and the DPU's. */
export function tracesOfBoth(sides: Sides): Promise<string[]> {
  return Promise.all(bothSides(sides).map(traces));
}

/** Of the API: objects that the operator made, or was to take away. */
export async function objectsLeft(sides: Sides): Promise<string[]> {
  const kinds = 'dpuoperatorconfig,dpu,sfc,daemonset,network-attachment-definitions,pods';
  const columns = 'custom-columns=NS:.metadata.namespace,KIND:.kind,NAME:.metadata.name';
  const rows: string[] = [];
  for (const { kubectl } of clustersOf(sides)) {
    rows.push(...(await kubectl.run(['get', kinds, '-A', '-o', columns, '--no-headers'])).split('\n'));
  }
  return rows.filter(
    (row) => !/^kube-system |dpu-operator-controller-manager|network-resources-injector/.test(row) && row !== '',
  );
}
