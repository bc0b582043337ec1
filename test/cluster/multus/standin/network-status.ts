import type { Attachment } from './attachments.ts';

interface CniResult {
  interfaces?: { name: string; mac?: string; sandbox?: string }[];
  ips?: { address: string; interface?: number; gateway?: string }[];
  dns?: object;
}

/** The value of `k8s.v1.cni.cncf.io/network-status`: what each network gave the pod, the default network first. */
export function networkStatus(attachments: Attachment[]): string {
  const entries = attachments.map(({ label, ifname, result }, index) => {
    const { interfaces = [], ips = [], dns = {} } = (result ?? {}) as CniResult;
    const inPod = interfaces.findIndex(({ name, sandbox }) => sandbox && name === ifname);
    const own = ips.filter((ip) => ip.interface === undefined || inPod < 0 || ip.interface === inPod);
    const mac = interfaces[inPod]?.mac;
    return {
      name: label,
      interface: ifname,
      ...(own.length > 0 && { ips: own.map(({ address }) => address.replace(/\/\d+$/, '')) }),
      ...(mac && { mac }),
      ...(index === 0 && { default: true }),
      dns,
    };
  });
  return JSON.stringify(entries, null, 4);
}
