/**
 * NetworkPolicies of the operator's namespace. Daemons and most VSPs are on the network of their node, where none reaches
 * them; what other VSPs need of the network is their vendors' to say.
 */
import { operatorNamespace, workloads } from '../api/names/names.ts';
import { ports } from '../api/names/ports.ts';

const tcp = (port?: number) => ({ protocol: 'TCP', port });

/** Port 5353 is that of OpenShift's DNS pods: policies look at where a packet arrives, behind the Service. */
const dns = [53, 5353].map((port) => ({ protocol: 'UDP', port }));

/** The API server and npm registries have addresses and ports that no manifest knows: TCP, and names by DNS. */
const outwards = [{ ports: [tcp(), ...dns] }];

export function networkPolicies(): object[] {
  return [
    networkPolicy(workloads.operator, [{ ports: [tcp(ports.operatorHealth), tcp(ports.operatorMetrics)] }]),
    networkPolicy(workloads.injector, [{ ports: [tcp(ports.injectorWebhook), tcp(ports.injectorHealth)] }]),
    // Pods that install plugins; they fetch packages, and nobody has business with them.
    networkPolicy('vsp-install', []),
  ];
}

function networkPolicy(app: string, ingress: object[]): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: app, namespace: operatorNamespace },
    spec: {
      podSelector: { matchLabels: { app } },
      policyTypes: ['Ingress', 'Egress'],
      ingress,
      egress: outwards,
    },
  };
}
