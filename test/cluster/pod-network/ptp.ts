import { internalIp, type Kubectl } from '../kubectl.ts';
import { runOnNode, writeNetwork } from '../on-node.ts';
import type { Cluster } from '../types.ts';

/** Kind's default for a cluster of IPv4. */
const clusterCidr = '10.244.0.0/16';

/**
 * The pod network of clusters without kindnet, which does the same: a veth pair a pod with an address from its node's
 * range, routes between the nodes, and the node's address for what leaves the cluster. Run again at every start, since
 * routes and rules do not outlive a node's restart.
 */
export async function ensurePodNetwork(exec: Cluster['exec'], kubectl: Kubectl): Promise<void> {
  const nodes = (await kubectl.nodes()).map((node) => ({
    name: node.metadata.name,
    ip: internalIp(node),
    podCidr: node.spec.podCIDR,
  }));
  await Promise.all(
    nodes.map(async ({ name, podCidr }) => {
      if (!podCidr) throw new Error(`node ${name} has no podCIDR: does kube-controller-manager run?`);
      for (const other of nodes) {
        if (other.name === name || !other.podCidr) continue;
        await runOnNode(exec, name, ['ip', 'route', 'replace', other.podCidr, 'via', other.ip]);
      }
      const rule = ['POSTROUTING', '-s', podCidr, '!', '-d', clusterCidr, '-j', 'MASQUERADE'];
      const present = await exec(name, ['iptables', '-t', 'nat', '-C', ...rule]);
      if (present.exitCode !== 0) await runOnNode(exec, name, ['iptables', '-t', 'nat', '-A', ...rule]);
      await writeNetwork(exec, name, '10-ptp.conflist', networkList(podCidr));
    }),
  );
}

function networkList(podCidr: string): object {
  const ptp = {
    type: 'ptp',
    ipMasq: false,
    ipam: {
      type: 'host-local',
      // Lost with the node's restart, as are the pods that hold the addresses.
      dataDir: '/run/cni-ipam-state',
      ranges: [[{ subnet: podCidr }]],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  };
  const portmap = { type: 'portmap', capabilities: { portMappings: true } };
  return { cniVersion: '1.0.0', name: 'pods', plugins: [ptp, portmap] };
}
