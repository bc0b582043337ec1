/** Names and addresses within the harness's own namespaces, where nothing else is that they could meet. */

/** The two nodes and the links between them (RFC 5737's block for documentation). */
export const nodes = {
  host: { name: 'dev-host', ip: '192.0.2.1', link: 'to-dpu' },
  dpu: { name: 'dev-dpu', ip: '192.0.2.2', link: 'to-host' },
} as const;

/** The netdev of the DPU side that leads outside. */
export const uplink = 'dpu-uplink';

/** The pods' network, and the network beyond the uplink; the network function leads from one to the other. */
export const pods = { pod1: '10.56.217.11', pod2: '10.56.217.12', function: '10.56.217.2', network: '10.56.217.0/24' };
export const outside = { function: '172.31.7.1', client: '172.31.7.2', network: '172.31.7.0/24' };
export const prefixLength = 24;
