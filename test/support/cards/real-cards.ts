/** Where real cards are, from the variables that name them. */
import { existsSync } from 'node:fs';
import { z } from 'zod';

/** A machine beyond the card's uplink: this one. */
export interface ExternalClient {
  /** Address of the network function towards the outside, with its prefix. */
  functionAddress: string;
  /** Address that the device gets, with its prefix. */
  address: string;
  /** Network device of this machine that is connected to the card's uplink. */
  device: string;
}

export interface RealCards {
  /** Paths of kubeconfigs; the same for one cluster with host and DPU. */
  hostKubeconfig: string;
  dpuKubeconfig: string;
  /** For pods and network function, in place of the examples'. */
  image: string | undefined;
  external: ExternalClient | { missing: string };
}

/** The users of these tests have /24 networks there. */
const prefix = 24;

const ipv4 = z.ipv4();

/** @throws Error that names the variable, what is wrong with it and what it is for */
export function parseRealCards(env: NodeJS.ProcessEnv): RealCards {
  return {
    hostKubeconfig: kubeconfig(env, 'KUBECONFIG_HOST', 'the host'),
    dpuKubeconfig: kubeconfig(env, 'KUBECONFIG_DPU', 'the DPU'),
    image: env.TEST_IMAGE || undefined,
    external: env.SKIP_NF_TESTING ? { missing: 'SKIP_NF_TESTING is set' } : externalClient(env),
  };
}

/** Why a cluster has no DpuOperatorConfig to be found, from what kubectl says. */
export function noConfig(variable: string, stderr: string): Error {
  const isAbsent = /NotFound|doesn't have a resource type/.test(stderr);
  const why = isAbsent
    ? 'no DpuOperatorConfig dpu-operator-config in that cluster; install the operator and turn it on first'
    : 'that cluster does not answer';
  return new Error(`${variable}: ${why}: ${stderr.trim()}`);
}

function kubeconfig(env: NodeJS.ProcessEnv, name: string, whose: string): string {
  const path = env[name];
  const what = `the path of a kubeconfig of the cluster with ${whose}`;
  if (!path) throw new Error(`${name} is not set: it must be ${what}`);
  if (!existsSync(path)) throw new Error(`${name}: there is no file ${path}: it must be ${what}`);
  return path;
}

function externalClient(env: NodeJS.ProcessEnv): ExternalClient {
  const needed = (name: string, what: string): string => {
    const value = env[name];
    if (value) return value;
    throw new Error(`${name} is not set: ${what}; or set SKIP_NF_TESTING=1 to leave network functions out`);
  };
  const address = (name: string, what: string): string => {
    const value = needed(name, what);
    if (ipv4.safeParse(value).success) return value;
    throw new Error(`${name}: ${value} is no IPv4 address: ${what}`);
  };
  const functionAddress = address('NF_INGRESS_IP', 'the address of the network function towards the outside');
  const client = address('EXTERNAL_CLIENT_IP', 'the address of this machine on the network beyond the card');
  const device = needed('EXTERNAL_CLIENT_DEV', 'the network device of this machine that leads to the card');
  if (networkOf(functionAddress) !== networkOf(client)) {
    const networks = `${networkOf(functionAddress)} and ${networkOf(client)}`;
    throw new Error(`NF_INGRESS_IP and EXTERNAL_CLIENT_IP must be in one network, not in ${networks}`);
  }
  return {
    functionAddress: `${functionAddress}/${prefix}`,
    address: `${client}/${prefix}`,
    device,
  };
}

/** With its prefix. */
export function networkOf(address: string): string {
  return address.replace(/\d+(\/\d+)?$/, `0/${prefix}`);
}
