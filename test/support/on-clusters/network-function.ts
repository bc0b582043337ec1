/** A network function's pod as a router between the pods' network (net1) and the outside (net2). */
import type { Kubectl } from '../../cluster/index.ts';

export interface NetworkFunction {
  /** Of the cluster that has the pod. */
  kubectl: Kubectl;
  pod: string;
  namespace: string;
}

/** @param inside @param outside addresses with their prefix, `10.56.217.2/24` */
export async function makeRouter(
  { kubectl, pod, namespace }: NetworkFunction,
  { inside, outside }: { inside: string; outside: string },
): Promise<void> {
  const run = (...argv: string[]) => kubectl.exec(pod, namespace, argv);
  for (const [link, address] of [
    ['net1', inside],
    ['net2', outside],
  ] as const) {
    // Neighbours may still know another function's MAC for this address: raising the link tells them.
    await run('sysctl', '-w', `net.ipv4.conf.${link}.arp_notify=1`);
    await run('ip', 'link', 'set', link, 'down');
    await run('ip', 'addr', 'add', address, 'dev', link);
    await run('ip', 'link', 'set', link, 'up');
  }
  await forward({ kubectl, pod, namespace }, true);
}

/** Whether it forwards at all. */
export async function forward({ kubectl, pod, namespace }: NetworkFunction, does: boolean): Promise<void> {
  await kubectl.exec(pod, namespace, ['sysctl', '-w', `net.ipv4.ip_forward=${does ? 1 : 0}`]);
}
