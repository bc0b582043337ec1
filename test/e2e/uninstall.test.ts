import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { dpusReady, namespace, type TestBed, turnOn, useIpamThatIsThere } from '../support/operator.ts';
import { readmeCommands } from '../support/readme.ts';
import { operatorIsOff } from './bed.ts';
import { deletePods, net1, untilPings } from './pods.ts';

let bed: TestBed;
beforeAll(async () => {
  bed = await operatorIsOff();
});

const podNames = ['pod/my-pod', 'pod/my-pod-2'];

/** What the product could leave on a node: links, addresses, files, sockets and labels. */
async function traces(node: string): Promise<string> {
  const look = [
    // Pods come and go with their own veths; kernel indices and lifetimes change: names, kinds and addresses do not.
    `ip -json -details addr | jq -c '.[] | select(.linkinfo.info_kind != "veth" or (.ifname | startswith("swdpu"))) | [.ifname, .linkinfo.info_kind, [.addr_info[].local]]'`,
    // The directory itself is the daemon's mount point: the kubelet makes it, and nobody in a pod can remove it.
    'find /var/run/dpu-daemon -mindepth 1; ls /opt/cni/bin/dpu-cni /var/lib/kubelet/device-plugins/dpuNet.sock; true',
    'find /var/lib/cni/networks -path "*default-sriov-net*" -name "10.*" 2>/dev/null || true',
  ].join('; ');
  const { stdout } = await bed.cluster.exec(node, ['bash', '-c', look]);
  const { metadata } = await bed.kubectl.json<{ metadata: { labels: object } }>(['get', 'node', node]);
  return `${stdout}\n${JSON.stringify(metadata.labels, null, 1)}`;
}

async function objectsLeft(): Promise<string[]> {
  const kinds = 'dpuoperatorconfig,dpu,sfc,daemonset,network-attachment-definitions,pods';
  const columns = 'custom-columns=NS:.metadata.namespace,KIND:.kind,NAME:.metadata.name';
  const rows = (await bed.kubectl.run(['get', kinds, '-A', '-o', columns, '--no-headers'])).split('\n');
  return rows.filter((row) => !/^kube-system |dpu-operator-controller-manager/.test(row) && row !== '');
}

/** What the README tells a cluster operator to type, from installing to taking away, and what it promises on the way. */
async function followReadme(): Promise<void> {
  const { kubectl, host, dpu } = bed;
  const promises = new Map<string, () => Promise<void>>([
    [
      'kubectl create -f examples/config.yaml',
      async () => {
        await useIpamThatIsThere(bed);
        await dpusReady(bed);
      },
    ],
    [
      'kubectl create -f examples/my-pod.yaml -f examples/my-pod-2.yaml',
      async () => {
        await kubectl.wait('condition=Ready', podNames);
        await untilPings(kubectl, 'my-pod', (await net1(kubectl, 'my-pod-2')).ip);
      },
    ],
    ['kubectl create -f examples/sfc.yaml', () => kubectl.wait('condition=Ready', ['sfc/sfc-test'], 180, namespace)],
  ]);
  for (const command of await readmeCommands('Use it on your cluster')) {
    // The placeholder stands for each node in turn.
    for (const node of command.includes('<node>') ? [host, dpu] : ['']) {
      const [program, ...args] = command.replace('<node>', node).split(' ');
      expect(program).toBe('kubectl');
      await kubectl.run(args);
    }
    await promises.get(command)?.();
    promises.delete(command);
  }
  expect([...promises.keys()]).toEqual([]);
}

describe('everything deleted', () => {
  it('leaves nothing behind, and can be created again', async () => {
    const { kubectl, host, dpu } = bed;
    await kubectl.run(['label', '--overwrite', 'node', host, dpu, 'dpu=true']);
    const before = [await traces(host), await traces(dpu)];
    for (const round of [1, 2]) {
      await followReadme();
      await eventually(
        `round ${round}: no object is left`,
        async () => (await objectsLeft()).length === 0 || undefined,
      );
      expect([await traces(host), await traces(dpu)]).toEqual(before);
    }
  });

  it('waits for the pods that still use a DPU, and says which', async () => {
    const { kubectl, hostDpu } = bed;
    await turnOn(bed);
    await kubectl.run(['create', '-f', 'examples/my-pod.yaml']);
    await kubectl.wait('condition=Ready', ['pod/my-pod']);
    await kubectl.run(['delete', '-f', 'examples/config.yaml', '--wait=false']);
    const inUse = 'jsonpath={.status.conditions[?(@.type=="Ready")].reason}=InUse';
    await kubectl.wait(inUse, [`dpu/${hostDpu}`]);
    expect(await kubectl.run(['get', 'dpu', hostDpu, '-o', 'jsonpath={.status.conditions}'])).toContain(
      'default/my-pod',
    );
    await deletePods(kubectl, ['my-pod']);
    await kubectl.wait('delete', ['dpuoperatorconfig/dpu-operator-config']);
  });
});
