import type { Kubectl } from '../kind/kubectl.ts';
import { runOnNode, writeNetwork } from '../kind/on-node.ts';
import type { Cluster } from '../types.ts';

/**
 * All nodes are on one segment of the container engine: each asks there for the addresses of other nodes' pods, and
 * answers for those of its own, to which it has routes. So nothing depends on a node's address, which may be another
 * after a restart. Traffic that leaves the cluster gets the node's address.
 */
const script = (clusterCidr: string): string => `#!/bin/sh
set -eu
sysctl -qw net.ipv4.conf.eth0.proxy_arp=1
# From the first moment on: the kernel would wait up to 0.8 s before it answers for another.
sysctl -qw net.ipv4.neigh.eth0.proxy_delay=0
ip route replace ${clusterCidr} dev eth0
rule="POSTROUTING -s ${clusterCidr} ! -d ${clusterCidr} -j MASQUERADE"
iptables -t nat -C $rule 2>/dev/null || iptables -t nat -A $rule
`;

const scriptPath = '/usr/local/sbin/pod-network';
const unit = 'pod-network.service';

/** What the kernel forgets when a node restarts, systemd does again. */
const unitText = `[Unit]
Description=Routes of the pod network
Before=containerd.service kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${scriptPath}

[Install]
WantedBy=multi-user.target
`;

/**
 * The pod network of clusters without kindnet: a veth pair a pod with an address from its node's range, and routes
 * between the nodes that outlive restarts of these.
 */
export async function ensurePodNetwork(exec: Cluster['exec'], kubectl: Kubectl): Promise<void> {
  const nodes = await kubectl.nodes();
  await Promise.all(
    nodes.map(async ({ metadata: { name }, spec: { podCIDR } }) => {
      if (!podCIDR) throw new Error(`node ${name} has no podCIDR: does kube-controller-manager run?`);
      const on = (argv: string[], input?: string) => runOnNode(exec, name, argv, input);
      await on(['tee', scriptPath], script(clusterCidr(podCIDR)));
      await on(['chmod', '755', scriptPath]);
      await on(['tee', `/etc/systemd/system/${unit}`], unitText);
      await on(['systemctl', 'daemon-reload']);
      await on(['systemctl', 'enable', unit]);
      await on(['systemctl', 'restart', unit]);
      await writeNetwork(exec, name, '10-ptp.conflist', networkList(podCIDR));
    }),
  );
}

/** Kind gives a cluster a /16, of which every node has a part. */
function clusterCidr(ofNode: string): string {
  const [first, second] = ofNode.split('.');
  return `${first}.${second}.0.0/16`;
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
